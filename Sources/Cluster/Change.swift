import Wire

/// A fact that must be durable before anything that claims it leaves the coordinator.
///
/// The scheduler returns changes among its directives; the store commits all changes of a turn in one transaction;
/// only then do the turn's messages go out. So an acknowledged row, or a lease that a worker holds, survives a crash.
public enum Change: Sendable, Equatable {
    /// A lease was granted: the job's epoch rises to the lease's.
    case granted(Lease)
    /// A lease ended without its job being done.
    case released(job: JobID, epoch: UInt64, reason: ReleaseReason)
    /// Rows arrived under a lease. A row that is already stored is left as it is: an equal one is a duplicate, a
    /// different one is recorded as a disagreement.
    case scored(job: JobID, epoch: UInt64, worker: WorkerKey, rows: [WireRow])
    /// One example of a job is given up; the job goes on with its others. The detail names why.
    case gaveUp(job: JobID, example: UInt32, detail: String)
    /// Stored rows were refuted by two other workers: they are put aside, on record, and are missing again.
    case withdrawn(job: JobID, examples: [UInt32], detail: String)
    /// A worker's scores were refuted too often: its key is never admitted again, and all its rows in runs that are not
    /// over are put aside. The shell answers with `SchedulerEvent.reopened`.
    case revoked(WorkerKey, detail: String)
    /// A job's state changed.
    case job(JobID, JobState)
    /// From now on only engines of that identity score the run's model, so that no figure mixes engines. `model` is the
    /// SHA-256 of its content.
    case bound(run: RunID, model: String, engine: EngineIdentity)
    /// A run's state changed.
    case run(RunID, RunState)
}

/// The public CURVE key of a peer, Z85 (40 characters): its identity.
public typealias WorkerKey = String
/// The hexadecimal hash of (run, cell, examples).
public typealias JobID = String
/// The short name by which users call a run.
public typealias RunID = String

/// The right of one worker to compute one job, until it expires or is fenced off by a higher epoch.
public struct Lease: Sendable, Equatable, Hashable {
    public let job: JobID
    /// Rises by one with every grant of the job.
    public let epoch: UInt64
    public let worker: WorkerKey
    /// The coordinator's start that granted it.
    public let incarnation: UInt64
    /// What for. A job has at most one current lease of each purpose, and a worker at most one of a job.
    public let purpose: LeasePurpose

    public init(
        job: JobID, epoch: UInt64, worker: WorkerKey, incarnation: UInt64, purpose: LeasePurpose = .score
    ) {
        self.job = job
        self.epoch = epoch
        self.worker = worker
        self.incarnation = incarnation
        self.purpose = purpose
    }
}

/// What a lease is for. The worker computes all alike.
public enum LeasePurpose: String, Sendable, Equatable, CaseIterable {
    /// Rows that nobody has computed.
    case score
    /// Rows that a slow worker is computing too, from the other end; the first row counts.
    case backup
    /// Rows that another worker computed already, to compare.
    case check
}

/// Why a lease ended early.
public enum ReleaseReason: String, Sendable, Equatable {
    case expired, returned, failed, disowned, cancelled
    /// Its worker had not begun it, and another had nothing to do.
    case moved
    /// What it was granted for is computed, while other examples of the job are missing, or the job was done before.
    case done
    /// Its worker's key was revoked.
    case revoked
}

/// Where a job stands. A granted job stays `pending` in the store; its lease says who holds it.
public enum JobState: Sendable, Equatable {
    case pending
    /// Every example of the job has a stored row.
    case done
    /// Given up after the attempts that its failure class allows; names why.
    case failed(detail: String)
    case cancelled
}

/// Where a run stands.
public enum RunState: String, Sendable, Equatable, Codable {
    case running
    /// The stored rows equal the manifest.
    case complete
    /// Ended with named failures.
    case incomplete
    case cancelled
}
