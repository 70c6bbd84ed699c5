/// Values that take long to compute, each computed once a version and kept.
///
/// Who asks gets what is there within its patience, an older version rather than nothing. A value is computed again at
/// most so often that computing takes a twentieth of the time.
actor Shelf<Value: Sendable> {
    private struct Question {
        let version: String
        let compute: @Sendable () async throws -> Value
    }

    private struct Entry {
        /// What was asked last.
        var question: Question?
        var value: Value?
        var version = ""
        var error: (any Error)?
        var notBefore = ContinuousClock.now
        var used = 0
        var isComputing = false
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private static var share: Int { 20 }
    private static var pause: Duration { .seconds(2) }

    private let limit: Int
    private let ready: @Sendable (String) -> Void
    private var entries: [String: Entry] = [:]
    private var uses = 0

    /// - Parameters:
    ///   - limit: values that are kept.
    ///   - ready: told the key of a value that was computed.
    init(limit: Int, ready: @escaping @Sendable (String) -> Void) {
        self.limit = limit
        self.ready = ready
    }

    /// The value of a key; nil where it is still being computed when patience ends.
    ///
    /// - Throws: why it cannot be computed.
    func value(
        _ key: String, version: String, patience: Duration, _ compute: @escaping @Sendable () async throws -> Value
    ) async throws -> (value: Value, isCurrent: Bool)? {
        uses += 1
        var entry = entries[key] ?? Entry()
        entry.used = uses
        entry.question = Question(version: version, compute: compute)
        let isCurrent = (entry.value != nil || entry.error != nil) && entry.version == version
        if !isCurrent, !entry.isComputing {
            entry.isComputing = true
            // Who asked too early is told when it is there; nobody else may ask again.
            let start = entry.notBefore
            Task {
                try? await Task.sleep(until: start, clock: .continuous)
                await self.compute(key)
            }
        }
        entries[key] = entry
        forgetOldest()
        if isCurrent { return try answer(key, version) }
        await wait(key, patience)
        return try answer(key, version)
    }

    private func answer(_ key: String, _ version: String) throws -> (value: Value, isCurrent: Bool)? {
        guard let entry = entries[key] else { return nil }
        if let value = entry.value { return (value, entry.version == version) }
        if let error = entry.error { throw error }
        return nil
    }

    private func compute(_ key: String) async {
        guard let question = entries[key]?.question else { return }
        let start = ContinuousClock.now
        let result: Result<Value, any Error>
        do {
            result = .success(try await question.compute())
        } catch {
            result = .failure(error)
        }
        var entry = entries[key] ?? Entry()
        switch result {
        case .success(let value): (entry.value, entry.error) = (value, nil)
        case .failure(let error): (entry.value, entry.error) = (nil, error)
        }
        entry.version = question.version
        entry.isComputing = false
        entry.notBefore = .now + max(Self.pause, start.duration(to: .now) * Self.share)
        let waiting = entry.waiting
        entry.waiting = [:]
        entries[key] = entry
        for continuation in waiting.values { continuation.resume() }
        ready(key)
    }

    /// Until the value is computed, or patience ends.
    private func wait(_ key: String, _ patience: Duration) async {
        guard entries[key]?.isComputing == true else { return }
        uses += 1
        let number = uses
        let timer = Task {
            try? await Task.sleep(for: patience)
            self.giveUp(key, number)
        }
        await withCheckedContinuation { entries[key]?.waiting[number] = $0 }
        timer.cancel()
    }

    private func giveUp(_ key: String, _ number: Int) {
        entries[key]?.waiting.removeValue(forKey: number)?.resume()
    }

    private func forgetOldest() {
        while entries.count > limit {
            let idle = entries.filter { !$0.value.isComputing && $0.value.waiting.isEmpty }
            guard let oldest = idle.min(by: { $0.value.used < $1.value.used })?.key else { return }
            entries[oldest] = nil
        }
    }
}
