import Cluster
import Dispatch
import Foundation
import Jobs
import Logging
import Messaging
import Store
import Wire

/// A coordinator: a results store, a listening endpoint, and the thread that schedules between them.
public final class CoordinatorService: Sendable {
    /// How a coordinator is started.
    public struct Options: Sendable {
        /// Where its results are.
        public var store: String
        /// Where it listens: `tcp://127.0.0.1:5555`; port `*` takes a free one.
        public var listen: String
        public var keys: CurveKeyPair
        public var parameters = SchedulerParameters()
        /// What each key may ask.
        public var limits = PeerLimits.Parameters()
        /// The file of admitted keys: read again when it changes; nil where the list is only replaced by hand.
        public var authorizedKeys: String?
        /// Memory beyond which all connections are dropped, for some peer abuses them; by default half of what
        /// the machine or the control group has.
        public var memoryLimitBytes = max(1 << 30, Machine.memoryBytes / 2)
        /// Which of the store's unfinished runs to go on with; nil for all.
        public var resuming: Set<RunID>?
        public var log: Logger

        public init(
            store: String, listen: String, keys: CurveKeyPair, log: Logger = Logger(label: "molt.coordinator")
        ) {
            self.store = store
            self.listen = listen
            self.keys = keys
            self.log = log
        }
    }

    /// Where workers and clients connect, with the actual port.
    public let endpoint: String
    /// Who is admitted; replace its keys at any time.
    public let allowList: AllowList
    private let store: ResultsStore
    /// Of reports.
    private let reader: StoreReader
    private let loop: PollLoop<CoordinatorLoop>
    private let authenticator: Authenticator
    /// Of the listening socket, so that it can be closed when the loop has ended.
    private let context: MessagingContext
    private let planning = DispatchQueue(label: "molt.planning")

    /// Opens the store, goes on with its unfinished runs, and listens.
    public init(_ options: Options, admitting keys: AuthorizedKeys) throws {
        let openFiles = OpenFiles()
        let context = try MessagingContext(threads: 2)
        self.context = context
        let allowList = AllowList(keys)
        self.allowList = allowList
        authenticator = try Authenticator(allowList, in: context)
        let store = try ResultsStore(options.store, build: Build.name)
        self.store = store
        reader = try StoreReader(options.store)
        let bound = Noted<String>()
        loop = try PollLoop("molt-coord", in: MessagingContext()) { [authenticator] in
            let router = try RouterEndpoint(keys: options.keys, authenticator: authenticator)
            bound.note(try router.bind(options.listen))
            return try CoordinatorLoop(
                store: store, router: router, allowList: allowList, openFiles: openFiles, options)
        }
        endpoint = bound.value ?? options.listen
        let submissions = Submissions(loop: loop, queue: planning, reader: reader)
        loop.post { $0.submissions = submissions }
    }

    /// Accepts a planned run: its manifest is durable when this returns.
    ///
    /// - Parameter reusing: whether rows of earlier runs with the same identity are taken over.
    /// - Returns: the run's name, and how many rows it took over.
    public func submit(_ plan: RunPlan, reusing: Bool = true) async throws -> (run: RunID, reused: Int) {
        let manifest = try RunManifest(plan, run: RunName.make(plan.job.name), created: Date().timeIntervalSince1970)
        let reused = try await loop.ask { try $0.start(manifest, reusing: reusing) }
        return (manifest.run, reused)
    }

    /// The progress of a run that has not ended before this coordinator started.
    public func progress(of run: RunID) async throws -> RunProgress? {
        try await loop.ask { $0.scheduler.progress(of: run) }
    }

    /// A run's progress now and after every commit that follows, until it has ended; a slow reader misses some.
    public func updates(of run: RunID) -> AsyncThrowingStream<RunProgress, any Error> {
        let (commits, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let observer = loop
        return AsyncThrowingStream { stream in
            let task = Task {
                do {
                    let number = try await observer.ask { $0.addObserver(continuation) }
                    defer { observer.post { $0.removeObserver(number) } }
                    continuation.yield()
                    for await _ in commits {
                        guard let progress = try await observer.ask({ $0.scheduler.progress(of: run) }) else { break }
                        stream.yield(progress)
                        if progress.state != .running { break }
                    }
                    stream.finish()
                } catch {
                    stream.finish(throwing: error)
                }
            }
            stream.onTermination = { _ in task.cancel() }
        }
    }

    /// The runs that have not ended.
    public func unfinishedRuns() async throws -> [RunID] { try await loop.ask { $0.scheduler.unfinishedRuns } }

    /// The connected workers.
    public func workers() async throws -> [WorkerStatus] { try await loop.ask { $0.scheduler.workers } }

    /// What work on the coordinator's thread answers.
    func ask<Answer: Sendable>(
        _ work: @escaping @Sendable (inout CoordinatorLoop) throws -> Answer
    ) async throws -> Answer { try await loop.ask(work) }

    /// Whether the coordinator's thread goes on.
    public var isRunning: Bool { loop.post { _ in } }

    /// Reads the file of admitted keys again; sessions of keys that are gone end.
    public func reloadKeys() { loop.post { $0.reloadKeys() } }

    /// Asks the coordinator's thread to end: it takes no more messages, commits what it has decided and says so. `wait`
    /// returns when it has.
    public func requestStop() { loop.post { $0.stop() } }

    /// Stops listening, sends what is to be sent for at most a second, and closes the store; what is unfinished goes on
    /// at the next start.
    public func stop() throws {
        requestStop()
        let outcome = Result { try loop.wait() }
        authenticator.stop()
        context.close()
        planning.sync {}
        // The last connection to a store that closes is the one that checkpoints.
        try reader.close()
        try outcome.get()
        try store.close()
    }

    /// Blocks until the coordinator has ended by itself, and throws why.
    public func wait() throws { try loop.wait() }
}

/// Names for runs.
enum RunName {
    /// The job's name and six characters that no other run of it has.
    static func make(_ name: String) -> RunID {
        let alphabet = Array("abcdefghjkmnpqrstuvwxyz23456789")
        return name + "-" + String((0..<6).map { _ in alphabet[Int.random(in: 0..<alphabet.count)] })
    }
}
