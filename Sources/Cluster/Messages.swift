import Wire

/// The coordinator's number for a worker's session. Rises with every Hello within an incarnation.
public typealias SessionID = UInt64

/// A lease as both sides name it on the wire.
public struct LeaseName: Sendable, Hashable {
    public let job: JobID
    public let epoch: UInt64

    /// The job's lease of that epoch.
    public init(job: JobID, epoch: UInt64) {
        self.job = job
        self.epoch = epoch
    }
}

/// What a worker says about itself when it opens a session.
public struct Hello: Sendable, Hashable {
    /// Oldest and newest protocol versions that it speaks, major · 256 + minor.
    public var protocolMinimum: UInt32
    public var protocolMaximum: UInt32
    /// Part of the identity of its scores.
    public var engine: EngineDescription
    public var host: String
    /// Changes with each start of the worker process.
    public var bootID: String
    /// The leases that it still holds.
    public var leases: [LeaseName]
    /// SHA-256 of the model in its memory, if there is one.
    public var loadedModel: String?
    /// What its machine, or its control group, may use; 0 while unknown.
    public var memoryBytes: UInt64 = 0
    /// That its engine uses; 0 while unknown.
    public var cores: UInt32 = 0
    /// In which it computes products, by their names on the wire. A worker of protocol 1.0 knows one.
    public var precisions = [defaultPrecision]
    /// What it can measure, by the kinds' names on the wire. A worker before protocol 1.2 knows none.
    public var measures: [String] = []
    /// What it computes on, for people; nil of a worker before protocol 1.3.
    public var device: WireDevice?

    /// The precision of the workers that name none.
    public static let defaultPrecision = "fp32"

    /// A greeting in this build's protocol versions.
    public init(
        engine: EngineDescription, host: String, bootID: String, leases: [LeaseName] = [],
        protocolMinimum: UInt32 = ProtocolVersion.oldest.number,
        protocolMaximum: UInt32 = ProtocolVersion.current.number
    ) {
        self.protocolMinimum = protocolMinimum
        self.protocolMaximum = protocolMaximum
        self.engine = engine
        self.host = host
        self.bootID = bootID
        self.leases = leases
    }
}

/// How far a worker is with one of its leases.
public struct LeaseProgress: Sendable, Hashable {
    public let lease: LeaseName
    public let examplesDone: UInt32
    /// The index of the example being computed.
    public let currentExample: UInt32

    /// The progress on a lease.
    public init(lease: LeaseName, examplesDone: UInt32, currentExample: UInt32) {
        self.lease = lease
        self.examplesDone = examplesDone
        self.currentExample = currentExample
    }
}

/// A worker's measurements, taken by its shell.
public struct WorkerLoad: Sendable, Hashable {
    /// Measured over recent work; 0 while unknown.
    public var tokensPerSecond: Double
    public var residentBytes: UInt64
    /// Of its machine or control group; 0 while unknown, like what follows.
    public var freeMemoryBytes: UInt64 = 0
    /// Where its spool is.
    public var freeDiskBytes: UInt64 = 0
    /// Rows that wait for their Ack.
    public var spoolBytes: UInt64 = 0

    /// The measurements of an idle, fresh worker, unless told otherwise.
    public init(tokensPerSecond: Double = 0, residentBytes: UInt64 = 0) {
        self.tokensPerSecond = tokensPerSecond
        self.residentBytes = residentBytes
    }
}

/// Worker → coordinator.
public enum WorkerMessage: Sendable, Equatable {
    case hello(Hello)
    /// The number of jobs that the worker wishes to hold at once. Absolute, so that a repeated or late one does no harm.
    case credit(slots: UInt32)
    case heartbeat([LeaseProgress], WorkerLoad)
    /// Finished rows, kept by the worker until the Ack of the batch (numbered from 1 within its lease).
    case scores(LeaseName, batch: UInt64, rows: [WireRow])
    case jobDone(LeaseName)
    /// `example`: the one that it failed at, where the worker knows.
    case jobFailed(LeaseName, WireFailureClass, detail: String, example: UInt32? = nil)
    case leaseReturn(LeaseName)
    case draining
    case bye
}

/// Coordinator → worker.
public enum CoordinatorMessage: Sendable, Equatable {
    /// `window`: bytes of rows that may be under way without an Ack; nil leaves it at the worker's own.
    case welcome(heartbeat: Milliseconds, lease: Milliseconds, kept: [LeaseName], window: UInt64? = nil)
    /// `retryAfter` 0: do not retry.
    case reject(WireRejectCode, detail: String, retryAfter: Milliseconds)
    /// The coordinator's shell adds the run, model, reduction and tokens of the examples to make the wire's Job.
    /// The worker computes the examples in this order.
    case grant(LeaseName, examples: [UInt32], lease: Milliseconds, purpose: LeasePurpose = .score)
    /// The batch's rows are durable.
    case ack(LeaseName, batch: UInt64)
    /// `cancelled`: leases that the worker named and no longer has; their finished rows are still welcome.
    /// `heartbeat`: the interval from now on; nil leaves it as it is.
    case heartbeatAck(
        renewed: [LeaseName], cancelled: [LeaseName], window: UInt64? = nil, heartbeat: Milliseconds? = nil)
    /// Neither the lease nor its rows are wanted any more.
    case cancel(LeaseName)
    case drain
}
