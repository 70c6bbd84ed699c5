import Cluster
import Foundation
import Logging
import Messaging
import Wire

/// A worker: one connection to a coordinator and one thread that computes.
public final class WorkerService: Sendable {
    /// How a worker is started.
    public struct Options: Sendable {
        public var coordinator: String
        public var coordinatorKey: CurvePublicKey
        public var keys: CurveKeyPair
        public var engine: EngineOptions
        public var models: ModelLocator
        /// Where rows wait on disk for their acknowledgement; a folder a key is made in it.
        public var spool = WorkerSpool.standard
        public var parameters = WorkerParameters()
        /// Where the worker writes how it stands.
        public var health: HealthFile?
        /// When the worker begins to drain by itself, from its start on; nil for never.
        public var leaveAfter: Duration?
        public var log: Logger

        public init(
            coordinator: String, coordinatorKey: CurvePublicKey, keys: CurveKeyPair, engine: EngineOptions,
            models: ModelLocator = ModelLocator(), log: Logger = Logger(label: "molt.worker")
        ) {
            self.coordinator = coordinator
            self.coordinatorKey = coordinatorKey
            self.keys = keys
            self.engine = engine
            self.models = models
            self.log = log
        }
    }

    private let loop: PollLoop<WorkerLoop>
    /// Of the connection alone, so that it can be closed when the loop has ended.
    private let context: MessagingContext
    private let compute: ComputeThread
    private let exit: Noted<WorkerExit>

    /// Starts connecting; jobs come as soon as the coordinator has some.
    public init(_ options: Options) throws {
        let context = try MessagingContext()
        self.context = context
        var greeting = Hello(
            engine: try options.engine.description, host: ProcessInfo.processInfo.hostName,
            bootID: UUID().uuidString)
        greeting.precisions = options.engine.precisions.map(\.rawValue)
        greeting.measures = options.engine.measures.map(\.rawValue)
        greeting.memoryBytes = Machine.memoryBytes
        greeting.cores = UInt32(clamping: options.engine.threads)
        greeting.device = WireDevice(try options.engine.deviceProperties)
        let exit = Noted<WorkerExit>()
        self.exit = exit
        let loop = try PollLoop("molt-worker", in: MessagingContext()) { [greeting] in
            let spool = try WorkerSpool(
                in: options.spool, key: options.keys.publicKey, engine: greeting.engine.identity
            ) { text in
                options.log.notice("\(text)")
            }
            let dealer = try DealerEndpoint(
                connectingTo: options.coordinator, serverKey: options.coordinatorKey, keys: options.keys, in: context)
            return WorkerLoop(
                dealer: dealer, spool: spool, health: options.health, greeting: greeting,
                parameters: options.parameters,
                leaveAfter: options.leaveAfter.map { Milliseconds($0.components.seconds) * 1000 }, log: options.log,
                onExit: exit.note)
        }
        compute = ComputeThread(models: options.models, options: options.engine) { [weak loop] event in
            loop?.post { $0.take(event) }
        }
        loop.post { [compute] in $0.install(compute) }
        self.loop = loop
    }

    /// Asks the worker to finish its current examples, return the rest, and leave.
    public func shutdown() {
        loop.post { $0.take(.shutdown) }
    }

    /// Blocks until the worker has left, and says how.
    public func wait() throws -> WorkerExit {
        try loop.wait()
        compute.end()
        // The last word, Bye, may still be on its way.
        context.close()
        return exit.value ?? .drained
    }
}
