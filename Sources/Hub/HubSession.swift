import Foundation

/// What the parts of one fetch share.
final class HubSession {
    let cache: Cache
    let settings: HubSettings
    let patience: Patience
    let interruption: Interruption
    let report: @Sendable (FetchEvent) -> Void

    init(
        cache: Cache, settings: HubSettings, patience: Patience, interruption: Interruption,
        report: @escaping @Sendable (FetchEvent) -> Void
    ) {
        self.cache = cache
        self.settings = settings
        self.patience = patience
        self.interruption = interruption
        self.report = report
    }

    func client(_ endpoint: Endpoint) throws(HubError) -> HTTPClient {
        try HTTPClient(
            endpoint, token: settings.token, certificates: settings.certificates, patience: patience,
            interruption: interruption)
    }

    func lock(_ key: String, whenBusy: () -> Void = {}) throws(HubError) -> FileLock {
        let folder = cache.root.appendingPathComponent("locks")
        try Disk.makeFolder(folder)
        return try FileLock(
            folder.appendingPathComponent(key), patience: patience, interruption: interruption, whenBusy: whenBusy)
    }

    /// Attempts until one succeeds, a failure will not pass, or patience is out.
    ///
    /// - Parameters:
    ///   - explain: the error for an answer that is no success.
    ///   - progress: a count that grows as something comes; failures with progress in between are not in a row.
    func persistently<Result>(
        explain: (ErrorAnswer) -> HubError, progress: () -> Int = { 0 },
        _ attempt: () throws(Failure) -> Result
    ) throws(HubError) -> Result {
        var failures = 0
        var reached = progress()
        while true {
            let failure: Failure
            do throws(Failure) {
                return try attempt()
            } catch {
                failure = error
            }
            let (error, asked) = try passing(failure, explain)
            if progress() > reached { failures = 0 }
            reached = max(reached, progress())
            let wait = try patience.wait(before: failures, asked: asked, error: error)
            failures += 1
            report(.note("\(error); trying again in \(wait.components.seconds) s"))
            try patience.wait(wait, interruption)
        }
    }

    /// The error of a failure that may pass, and the wait that the server asks for; throws any other.
    private func passing(
        _ failure: Failure, _ explain: (ErrorAnswer) -> HubError
    ) throws(HubError) -> (HubError, Duration?) {
        switch failure {
        case .final(let error): throw error
        case .passing(let error, let wait): return (error, wait)
        case .status(let answer):
            guard answer.isPassing else { throw explain(answer) }
            return (explain(answer), answer.head.wait(now: Date()))
        }
    }

    /// The JSON text at a path, at most `limit` bytes.
    func json(
        _ path: String, from client: HTTPClient, limit: Int = 32 << 20, explain: (ErrorAnswer) -> HubError
    ) throws(HubError) -> (head: HTTPHead, bytes: [UInt8]) {
        try persistently(explain: explain) { () throws(Failure) in
            let body = JSONBody(limit: limit)
            let head = try client.get(path, headers: ["Accept: application/json"], into: body)
            return (head, body.bytes)
        }
    }
}

/// A JSON text that is taken into memory.
private final class JSONBody: BodyReceiver {
    private(set) var bytes: [UInt8] = []
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    func begin(_ head: HTTPHead) throws(Failure) {
        guard head.contentType == nil || head.contentType?.hasSuffix("json") == true else {
            throw .final(
                HubError(
                    .answer,
                    "the server answers with \(head.contentType ?? ""), not with JSON; check the server's address, and whether a "
                        + "proxy or a login page stands in between"))
        }
        try check(head.contentLength ?? 0)
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        try check(self.bytes.count + bytes.count)
        self.bytes += bytes
    }

    private func check(_ count: Int) throws(Failure) {
        guard count <= limit else {
            throw .final(HubError(.answer, "the server's answer is longer than \(byteText(limit))"))
        }
    }
}
