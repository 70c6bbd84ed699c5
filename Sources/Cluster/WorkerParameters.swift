/// The numbers of a worker session, with the protocol's defaults. Spans are in milliseconds.
public struct WorkerParameters: Sendable, Equatable {
    /// Jobs to hold at once: the one being computed and those that wait, so that the device never does.
    public var slots: UInt32 = 2
    /// Until Welcome names another interval.
    public var heartbeat: Milliseconds = 2_000
    /// Heartbeat intervals without a word from the coordinator after which to say Hello again.
    public var silentHeartbeats: Milliseconds = 3
    /// Between two Hellos at first and, doubling, at most.
    public var helloRetry: Milliseconds = 2_000
    public var helloRetryLimit: Milliseconds = 16_000
    /// A batch of rows is sent when it has so many rows, so many bytes, or is so old.
    public var batchRows = 64
    public var batchBytes = 64 << 10
    public var batchAge: Milliseconds = 250
    /// An unacknowledged batch is sent again after this.
    public var resend: Milliseconds = 6_000
    /// Bytes of rows that may be under way to the coordinator.
    public var window = 1 << 20
    /// Bytes of unacknowledged rows beyond which no new jobs are asked for.
    public var spoolLimit = 256 << 20
    /// How long jobs are computed without a coordinator.
    public var offline: Milliseconds = 600_000
    /// How long the current example may take once the worker drains, and how long the rows then have to be acknowledged.
    public var drain: Milliseconds = 25_000
    public var flush: Milliseconds = 15_000

    /// The protocol's defaults.
    public init() {}
}
