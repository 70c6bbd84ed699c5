import Wire

/// What happens to a worker session.
public enum WorkerEvent: Sendable {
    /// The transport is up: the first event.
    case connected
    /// A message with the session and incarnation of its header.
    case received(CoordinatorMessage, session: SessionID, incarnation: UInt64)
    /// The compute thread finished an example.
    case produced(LeaseName, rows: [WireRow])
    /// It begins an example.
    case began(LeaseName, example: UInt32)
    /// It has produced all rows of the lease.
    case finished(LeaseName)
    /// It has stopped, as `finishCurrent` asked, before all rows were produced.
    case stopped(LeaseName)
    /// It cannot compute the job; `example` names the one that it failed at, where that is known.
    case failed(LeaseName, WireFailureClass, detail: String, example: UInt32? = nil)
    /// It has loaded a model, by the SHA-256 of its content, or with nil holds none. The next Hello says so.
    case loaded(model: String?)
    /// The shell's measurements, for the next heartbeat.
    case measured(WorkerLoad)
    /// SIGTERM or the like: finish the current example, return the rest, leave.
    case shutdown
    /// Time passes. Due every 100 ms or so.
    case tick
}

/// What the worker's shell must do, in order.
public enum WorkerDirective: Sendable, Equatable {
    /// Send under the session and incarnation that `WorkerSession` has now (both 0 for a Hello).
    case send(WorkerMessage)
    /// Write the batch to the spool on disk, before any `send` that follows.
    case keep(SpooledBatch)
    /// A batch is durable at the coordinator, or unwanted: strike it off the spool on disk. It may be unknown there.
    case discard(LeaseName, batch: UInt64)
    /// Compute these examples of the job that was received with the lease.
    case start(LeaseName, examples: [UInt32])
    /// Report `stopped` (or `finished`) after the example that is being computed.
    case finishCurrent(LeaseName)
    /// Stop computing; nothing that is still reported about the lease matters.
    case abandon(LeaseName)
    /// The lease is over: forget its job. Also follows `abandon`.
    case forget(LeaseName)
    case exit(WorkerExit)
    /// A remark for the log.
    case note(String)
}

/// How a worker session ends.
public enum WorkerExit: Sendable, Equatable {
    /// Every row is acknowledged and every lease given back.
    case drained
    /// Left without the acknowledgement of rows. They stay in the spool on disk for the worker's next start, and are
    /// computed again if there is none.
    case unacknowledged(rows: Int)
    /// The coordinator does not want this worker.
    case rejected(detail: String)
}
