/// What never changes of a worker's session: one reference, however often it is handed on.
final class SessionFacts: Sendable {
    let id: SessionID
    let worker: WorkerKey
    let number: WorkerNumber
    /// What the worker says of itself, without the leases that it named.
    let hello: Hello
    let identity: EngineIdentity

    var host: String { hello.host }
    var engine: EngineDescription { hello.engine }
    var bootID: String { hello.bootID }
    var precisions: [String] { hello.precisions }
    var measures: [String] { hello.measures }
    var place: SessionPlace { SessionPlace(id: id, worker: number) }

    init(_ hello: Hello, id: SessionID, worker: WorkerKey, number: WorkerNumber) {
        self.id = id
        self.worker = worker
        self.number = number
        var hello = hello
        hello.leases = []
        self.hello = hello
        identity = hello.engine.identity
    }
}

/// A worker's session in the scheduler's memory.
struct SessionRecord: Sendable {
    let facts: SessionFacts
    var isOpen = true
    /// The longest interval of heartbeats that it was told, by which patience with it is measured.
    var heartbeat: Milliseconds
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

    init(_ facts: SessionFacts, heartbeat: Milliseconds, at now: Instant) {
        self.facts = facts
        self.heartbeat = heartbeat
        lastHeard = now
    }

    /// Of a worker that never had one.
    static let none: SessionRecord = {
        let engine = EngineDescription(build: "", name: "", arithmetic: "")
        let hello = Hello(engine: engine, host: "", bootID: "")
        let facts = SessionFacts(hello, id: 0, worker: "", number: .max)
        var record = SessionRecord(facts, heartbeat: 0, at: Instant(milliseconds: 0))
        record.isOpen = false
        return record
    }()

    /// Whether it can be counted on for new jobs.
    var isActive: Bool { isOpen && slots > 0 && !isSuspect && !isDraining && !isBarred }

    /// Tokens a second as it measures itself; nil while unknown.
    var speed: Double? {
        let speed = load.tokensPerSecond
        return speed.isFinite && speed > 0 ? speed : nil
    }
}

/// A session as lists name it, which its worker's number finds.
struct SessionPlace: Sendable {
    let id: SessionID
    let worker: WorkerNumber
}

/// The sessions, at most one of a worker. Messages name a session by its own number, which is looked up once; from there
/// on it is its worker's.
struct SessionTable: Sendable {
    /// By worker, behind one of nobody; a closed one stays until the worker's next.
    private var records = [SessionRecord.none]
    private var workers: [SessionID: WorkerNumber] = [:]

    /// Open ones.
    var count: Int { workers.count }

    /// Whose open session it is.
    func worker(of id: SessionID) -> WorkerNumber? { workers[id] }

    /// A worker's session, open or closed.
    subscript(worker: WorkerNumber) -> SessionRecord {
        @inline(__always) get { records[holds(worker) ? Int(worker) + 1 : 0] }
        @inline(__always) _modify {
            if holds(worker) {
                yield &records[Int(worker) + 1]
            } else {
                var record = SessionRecord.none
                yield &record
            }
        }
    }

    @inline(__always)
    private func holds(_ worker: WorkerNumber) -> Bool { Int(worker) + 1 < records.count }

    func isOpen(_ worker: WorkerNumber) -> Bool { self[worker].isOpen }
    func isOpen(_ place: SessionPlace) -> Bool { self[place.worker].isOpen && self[place.worker].facts.id == place.id }

    /// A worker's open session.
    func open(_ worker: WorkerNumber) -> SessionFacts? { isOpen(worker) ? self[worker].facts : nil }

    mutating func open(_ facts: SessionFacts, heartbeat: Milliseconds, at now: Instant) {
        while !holds(facts.number) { records.append(.none) }
        self[facts.number] = SessionRecord(facts, heartbeat: heartbeat, at: now)
        workers[facts.id] = facts.number
    }

    mutating func close(_ worker: WorkerNumber) {
        workers[self[worker].facts.id] = nil
        self[worker].isOpen = false
    }

    /// The open ones, by worker.
    var all: some Sequence<SessionRecord> { records.lazy.filter(\.isOpen) }

    /// The workers of the open ones, oldest session first.
    var oldestFirst: [WorkerNumber] { workers.sorted { $0.key < $1.key }.map(\.value) }
}
