import Wire

/// What happens to the scheduler. Whatever comes from outside is refused or ignored where it makes no sense, and traps
/// nothing.
public enum SchedulerEvent: Sendable {
    /// The runs that were not over when the coordinator stopped, and the keys that were ever revoked. First event of an
    /// incarnation, if there are any.
    case recovered([RunDescription], revoked: Set<WorkerKey> = [])
    /// A new run, durable in the store already.
    case submitted(RunDescription)
    /// A Hello under a CURVE key. The shell chooses a session number that it has not used before.
    case hello(Hello, worker: WorkerKey, session: SessionID)
    /// Any other message of a worker. The shell has checked that the session belongs to the message's CURVE key.
    case message(WorkerMessage, session: SessionID)
    /// The worker is gone for certain: its process was seen to end, or its key was revoked.
    case disconnected(SessionID)
    /// A user cancels a run.
    case cancel(RunID)
    /// Rows of the last commit met stored ones: `agreed` names the examples where both are equal bit for bit.
    case compared(LeaseName, by: WorkerKey, agreed: [UInt32], differing: [UInt32])
    /// What a commit of `Change.revoked` made missing again: the jobs of a run, as the store has them now.
    case reopened(RunID, [JobDescription])
    /// The last commit took so long, its disk included. By this the scheduler paces the workers.
    case committed(Milliseconds)
    /// A worker, or with nil every present and future one, is asked to stop after its current examples.
    case drain(WorkerKey?)
    /// Time passes. Due every 250 ms or so.
    case tick
}

/// What the shell must do, in order, except that all `commit`s of a turn are durable before its first `send` leaves.
public enum SchedulerDirective: Sendable, Equatable {
    case commit(Change)
    case send(CoordinatorMessage, to: SessionID)
    /// Forget the session, after what was sent to it in this turn.
    case close(SessionID)
    case observe(Observation)
}

/// A remark for logs and counters; nothing depends on it.
public enum Observation: Sendable, Equatable {
    case sessionOpened(SessionID, WorkerKey, host: String, kept: Int)
    case sessionRejected(WorkerKey, detail: String)
    case sessionClosed(SessionID, WorkerKey, SessionEnd)
    case suspected(WorkerKey)
    case leaseEnded(Lease, ReleaseReason, detail: String)
    /// Rows of a lost lease that were still missing.
    case salvaged(LeaseName, rows: Int)
    /// A message that has no effect, such as one about a lease that its sender does not hold.
    case ignored(WorkerKey, detail: String)
    case runEnded(RunID, RunState)
    /// An example is given up; its job goes on with the others.
    case gaveUp(JobID, example: UInt32, detail: String)
    /// A worker failed too often and gets no jobs for so long.
    case quarantined(WorkerKey, Milliseconds)
    /// A second computation of an example differs from the stored row: `by` against those who agree with it.
    case differed(JobID, example: UInt32, by: WorkerKey)
    /// A worker's scores were refuted too often.
    case revoked(WorkerKey, detail: String)
}

/// Why a session ended.
public enum SessionEnd: String, Sendable, Equatable {
    case superseded, silent, disconnected, bye
}

/// A run as it enters the scheduler: all of its jobs when submitted, those not over when recovered.
public struct RunDescription: Sendable, Equatable {
    public let id: RunID
    /// Higher goes first, always. Runs of equal priority share the workers evenly.
    public let priority: Int
    public let jobs: [JobDescription]
    /// Rows that were stored with jobs that are done and not listed here.
    public let rowsOfFinishedJobs: UInt64
    /// Jobs that have failed and are not listed here.
    public let failedJobs: Int
    /// The engines that its models, by the SHA-256 of their content, are bound to already.
    public let bindings: [String: EngineIdentity]

    /// A run; the last three arguments only matter to a recovered one.
    public init(
        id: RunID, priority: Int = 0, jobs: [JobDescription], rowsOfFinishedJobs: UInt64 = 0, failedJobs: Int = 0,
        bindings: [String: EngineIdentity] = [:]
    ) {
        self.id = id
        self.priority = priority
        self.jobs = jobs
        self.rowsOfFinishedJobs = rowsOfFinishedJobs
        self.failedJobs = failedJobs
        self.bindings = bindings
    }
}

/// A pending job as the store knows it.
public struct JobDescription: Sendable, Equatable {
    public let id: JobID
    public let cell: String
    /// SHA-256 of the weights, which workers would rather not change.
    public let model: String
    /// In which its products are to be computed; only workers that know it get the job.
    public let precision: String
    /// The kind of what it measures instead of scoring; only workers that know it get the job.
    public let measure: String?
    /// Every example of the job.
    public let examples: [UInt32]
    /// Those without a stored row; nil: all of them.
    public var missing: [UInt32]?
    /// Input tokens of all the examples together.
    public let estimatedTokens: UInt64
    /// The highest epoch granted so far.
    public var epoch: UInt64
    /// Those without a row that were given up one by one; nobody computes them again.
    public var givenUp: [UInt32]
    /// The leases that were not released before the coordinator stopped.
    public var leases: [Lease]
    /// Earlier leases, whose late rows may still arrive.
    public var pastLeases: [Lease]
    /// The failures charged so far (leases released as `failed`).
    public var failures: [ChargedFailure]

    /// A job; what follows the tokens, but for precision and measure, only matters to a recovered one.
    public init(
        id: JobID, cell: String, model: String, examples: [UInt32], estimatedTokens: UInt64, missing: [UInt32]? = nil,
        givenUp: [UInt32] = [], epoch: UInt64 = 0, leases: [Lease] = [], pastLeases: [Lease] = [],
        failures: [ChargedFailure] = [], precision: String = Hello.defaultPrecision,
        measure: String? = nil
    ) {
        self.id = id
        self.cell = cell
        self.model = model
        self.precision = precision
        self.measure = measure
        self.examples = examples
        self.estimatedTokens = estimatedTokens
        self.missing = missing
        self.epoch = epoch
        self.givenUp = givenUp
        self.leases = leases
        self.pastLeases = pastLeases
        self.failures = failures
    }
}

/// A failure that counts against a job, and who met it. The host may be empty when it is no longer known.
public struct ChargedFailure: Sendable, Equatable {
    public let worker: WorkerKey
    public let host: String

    /// A failure on a worker.
    public init(worker: WorkerKey, host: String) {
        self.worker = worker
        self.host = host
    }
}
