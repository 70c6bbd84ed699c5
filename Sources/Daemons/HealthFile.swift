import Foundation

/// A file in which a worker writes once a second how it stands, for probes that can ask nobody else.
///
/// Its text is the session's state and the seconds since the machine started, suspensions included: a clock that nobody
/// sets. A worker whose loop hangs writes no more, and its file grows old.
public struct HealthFile: Sendable {
    /// The age from which on a worker is taken for hung, in seconds.
    public static let patience = 15.0

    private let path: String
    private let now: @Sendable () -> Double

    /// - Parameter now: the seconds since the machine started.
    public init(_ path: String, now: @escaping @Sendable () -> Double = HealthFile.uptime) {
        self.path = path
        self.now = now
    }

    /// Writes the state, such as `working`; a disk that does not take it makes the worker look hung, no more.
    func write(_ state: String) {
        try? Data("\(state) \(now())\n".utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    func remove() { unlink(path) }

    /// The state that the worker wrote last; throws if that was too long ago.
    public func read() throws(HealthError) -> String {
        let words = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: " ") ?? []
        guard words.count == 2, let at = Double(words[1].trimmingCharacters(in: .newlines)) else {
            throw .absent(path: path)
        }
        let age = now() - at
        // From before the machine's last start, if it is later than now.
        guard (0...Self.patience).contains(age) else { throw .old(path: path, seconds: Int(max(0, age))) }
        return String(words[0])
    }

    /// The seconds since this machine started.
    public static func uptime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// A worker that does not look healthy.
public enum HealthError: Error, Equatable, CustomStringConvertible {
    case absent(path: String)
    case old(path: String, seconds: Int)
    case unconnected(state: String)

    public var description: String {
        switch self {
        case .absent(let path): "\(path): no worker has written how it stands; is one started with --health \(path)?"
        case .old(let path, let seconds):
            "\(path): the worker last said how it stands \(seconds) s ago: it hangs or has died; restart it"
        case .unconnected(let state): "the worker is \(state): it has no coordinator, or leaves"
        }
    }
}
