import Wire

/// The numbers of a scheduler, with the protocol's defaults. Spans are in milliseconds.
public struct SchedulerParameters: Sendable, Equatable {
    /// Between two heartbeats of a worker; above 100 workers it is workers / 50 s, and what follows stretches with it.
    public var heartbeat: Milliseconds = 2_000
    /// Silence after which a worker gets no new jobs.
    public var suspect: Milliseconds = 6_000
    /// Silence after which its session ends and its jobs go elsewhere.
    public var dead: Milliseconds = 15_000
    /// How long a lease lasts that no heartbeat renews.
    public var lease: Milliseconds = 30_000
    /// How long a coordinator waits after its start for the holders of the leases that it finds.
    public var restartGrace: Milliseconds = 60_000
    /// A lease without a finished example for this long has failed; longer for a worker measured as slow.
    public var noProgress: Milliseconds = 60_000
    /// The same before the first example, while the worker may be loading a model.
    public var firstProgress: Milliseconds = 600_000
    /// The least time that a job has in all; 5 times its estimate if that is more.
    public var jobDeadline: Milliseconds = 600_000
    /// Before a failed job is tried again: up to this, doubling with every failure…
    public var backoff: Milliseconds = 1_000
    /// … and at most this.
    public var backoffLimit: Milliseconds = 60_000
    /// Failures on workers after which a job is given up.
    public var attempts = 3
    /// The most time that a single turn may take off anybody's patience: when the coordinator itself was stopped or
    /// stuck for longer, silence in the meantime is not held against the workers.
    public var attention: Milliseconds = 1_000
    /// By how many jobs a run may be served more than its share before a worker has to change its model.
    public var affinityJobs: UInt64 = 8
    /// Sessions open at once.
    public var sessionLimit = 16_384
    /// Jobs that a worker may hold at once, and leases that a Hello may name.
    public var slotLimit = 64
    /// Rows in a batch.
    public var batchLimit = 4_096
    /// Bytes of each text in a Hello.
    public var textLimit = 512
    /// Of the jitter in retries.
    public var seed: UInt64 = 0

    /// The protocol's defaults.
    public init() {}
}
