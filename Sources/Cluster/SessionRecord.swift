/// A worker's session in the scheduler's memory.
struct SessionRecord: Sendable {
    let id: SessionID
    let worker: WorkerKey
    let host: String
    let engine: EngineDescription
    let bootID: String
    /// The interval that Welcome told it.
    let heartbeat: Milliseconds
    var lastHeard: Instant
    /// Jobs that it wishes to hold at once.
    var slots = 0
    var isSuspect = false
    var isDraining = false
    /// The model that its last job needed.
    var model: String?
    var load = WorkerLoad()

    /// Whether it can be counted on for new jobs.
    var isActive: Bool { slots > 0 && !isSuspect && !isDraining }
}
