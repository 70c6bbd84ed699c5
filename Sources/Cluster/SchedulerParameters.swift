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
    /// A measurement without an ended pass for this long has failed: its passes are as long as somebody made them.
    public var passPatience: Milliseconds = 10_800_000
    /// Before a failed job is tried again: up to this, doubling with every failure…
    public var backoff: Milliseconds = 1_000
    /// … and at most this.
    public var backoffLimit: Milliseconds = 60_000
    /// Losses of a job in a row, on two hosts where there are two, after which it is searched for the example that
    /// kills its workers; and charged losses of that example alone after which it is given up.
    public var attempts = 3
    /// The most time that a single turn may take off anybody's patience: when the coordinator itself was stopped or
    /// stuck for longer, silence in the meantime is not held against the workers.
    public var attention: Milliseconds = 1_000
    /// By how many jobs a run may be served more than its share before a worker has to change its model.
    public var affinityJobs: UInt64 = 8

    /// With what probability a batch of a trusted worker's rows is computed again by another; 0 compares nothing.
    public var verification = 0.01
    /// Rows of a worker that have to be confirmed in a row before it is trusted.
    public var trustAfter = 10
    /// Refuted rows after which a worker's key is revoked.
    public var wrongLimit: UInt64 = 2
    /// How long a run that is otherwise over waits for somebody to compare its last rows.
    public var checkPatience: Milliseconds = 600_000

    /// Failures in a row, without a row between and on jobs that failed nowhere else, that put a worker into quarantine…
    public var failuresInRow = 3
    /// … as do so many of them…
    public var failuresInSpan = 5
    /// … within this.
    public var failureSpan: Milliseconds = 600_000
    /// The first quarantine, doubling with every one…
    public var quarantine: Milliseconds = 300_000
    /// … up to this.
    public var quarantineLimit: Milliseconds = 3_600_000

    /// The least time that a lease has before another worker may compute the same; see `Pace` for its measure.
    public var backupPatience: Milliseconds = 2_000
    /// The share of a run's rows that may be computed twice for the sake of speed.
    public var extraWork = 0.05

    /// Bytes of rows that a worker may have under way…
    public var window: UInt64 = 1 << 20
    /// … and all of them together.
    public var windows: UInt64 = 256 << 20
    /// A commit that takes longer halves the windows.
    public var slowCommit: Milliseconds = 250

    /// Sessions open at once.
    public var sessionLimit = 16_384
    /// Jobs that a worker may hold at once, and leases that a Hello may name.
    public var slotLimit = 64
    /// Rows in a batch.
    public var batchLimit = 4_096
    /// Precisions that a Hello may name, and measures.
    public var precisionLimit = 16
    /// Bytes of each text in a Hello.
    public var textLimit = 512
    /// Of the jitter in retries and the choice of rows to compare.
    public var seed: UInt64 = 0

    /// The protocol's defaults.
    public init() {}
}
