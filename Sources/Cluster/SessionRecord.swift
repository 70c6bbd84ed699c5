/// A worker's session in the scheduler's memory.
struct SessionRecord: Sendable {
    let id: SessionID
    let worker: WorkerKey
    let number: WorkerNumber
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
    /// In quarantine.
    var isBarred = false
    /// The model that its last job needed, or that it said to have loaded.
    var model: String?
    var load = WorkerLoad()
    /// Bytes of rows that it was last told it may have under way.
    var window: UInt64 = 0

    /// Whether it can be counted on for new jobs.
    var isActive: Bool { slots > 0 && !isSuspect && !isDraining && !isBarred }

    /// Tokens a second as it measures itself; nil while unknown.
    var speed: Double? {
        let speed = load.tokensPerSecond
        return speed.isFinite && speed > 0 ? speed : nil
    }
}
