import Wire

/// The coordinator's decisions: which worker computes which job, and which facts become durable. A pure value.
///
/// The life of a job, whose state in the store is `pending` up to the last column:
///
///                   granted: epoch + 1
///          ┌─► ready ─────────────────► leased ─┬── every example has a row ────────────────────► done
///          │     ▲                      │    │  │                                                  │
///          │     └─ the last lease ◄────┤    │  └── every other one does, some are given up ──► failed
///          │        expired, returned,  │    │                                                     │
///          │        disowned, moved     │    └── (or in any state) its run is cancelled ─► cancelled
///          │                            │                                                          │
///          ├────── waiting ◄────────────┘ it failed (charged), or a setback (uncharged)            │
///          └───────────────────────────────────────── rows were refuted, or their author revoked ◄─┘
///
/// What always holds:
/// - A job has at most one current lease of each purpose, and a worker at most one of a job. Epochs rise by one with
///   every grant of any purpose, and a grant is committed before its message leaves.
/// - Rows decide. A job is done when all of its examples have rows, whoever computed them under whichever lease of
///   the job; a requeued job carries only the missing ones. Rows of a lost lease count, but do not bring it back.
/// - An Ack is sent in the turn that commits the batch's rows, hence after they are durable.
/// - A worker is its CURVE key: it has at most one session, and only its own leases answer to it.
/// - A key that was revoked changes nothing any more.
/// - Nothing depends on the order of a dictionary, so equal events give equal directives.
///
/// Every event costs O(log n) in workers, leases and jobs, plus what it grants or ends; a revocation walks all jobs.
public struct Scheduler: Sendable {
    /// The numbers that it works with.
    public let parameters: SchedulerParameters
    /// The coordinator's start, durable before the scheduler exists.
    public let incarnation: UInt64

    var jobs: [JobID: JobRecord] = [:]
    var runs: [RunID: RunRecord] = [:]
    /// Runs that are not over, in the order of their arrival.
    var openRuns: [RunID] = []
    var readyJobs = 0

    /// Jobs that are over and have rows to compare which nobody compares yet.
    var checksReady = 0
    /// Jobs that somebody computes.
    var running = WalkableSet<JobID>()
    /// Where the next look for slow or waiting leases begins.
    var balanceFrom = 0
    /// Runs in which nothing but comparisons is left.
    var closing: [RunID] = []
    var nextClosing = Instant(milliseconds: 0)

    var sessions: [SessionID: SessionRecord] = [:]
    var sessionOfWorker: [WorkerKey: SessionID] = [:]
    /// Every key that said Hello, and its place there.
    var workerRecords: [WorkerRecord] = []
    var numbers: [WorkerKey: WorkerNumber] = [:]
    /// Keys that are never admitted again.
    var revokedKeys: Set<WorkerKey> = []
    /// Until then no run ends, for the rows of a revoked worker are being put aside.
    var endsHeldUntil: Instant?
    /// The leased jobs of each worker, first the one that it works on, then by age. A worker may hold leases without a
    /// session.
    var holdings: [WorkerKey: [JobID]] = [:]
    /// Active sessions with room for a job, ascending.
    var idle: [SessionID] = []
    /// Those of them that hold none.
    var unoccupied: [SessionID] = []
    /// Where a look through the idle sessions that was too long goes on.
    var scanFrom: SessionID?
    /// Active sessions by engine and host.
    var activeHosts: [EngineIdentity: [String: Int]] = [:]
    /// How many sessions have each model loaded.
    var loadedModels: [String: Int] = [:]
    var isDraining = false
    /// Before then, workers that an earlier start knew may not have come back.
    var graceEnds = Instant(milliseconds: 0)
    /// What of their windows the workers get while commits are slow.
    var pacing = 1.0
    /// The sum of the windows that sessions were told.
    var windowsTold: UInt64 = 0

    /// What was done since the coordinator's start.
    public internal(set) var counters = Counters()

    /// Time as far as the coordinator attended to it; see `SchedulerParameters.attention`.
    var clock = Instant(milliseconds: 0)
    private var lastTurn: Instant?
    var deadlines = Deadlines()
    var random: SeededGenerator

    // What the turn has brought so far.
    var directives: [SchedulerDirective] = []
    var newlyIdle: [SessionID] = []
    var workBecameReady = false

    /// An empty scheduler of one start of the coordinator.
    public init(incarnation: UInt64, parameters: SchedulerParameters = SchedulerParameters()) {
        self.incarnation = incarnation
        self.parameters = parameters
        random = SeededGenerator(seed: parameters.seed &+ incarnation)
    }

    /// Takes one event and returns what to do about it. `now` never goes back between calls.
    public mutating func handle(_ event: SchedulerEvent, at now: Instant) -> [SchedulerDirective] {
        clock = clock + min(now - (lastTurn ?? now), parameters.attention)
        lastTurn = max(now, lastTurn ?? now)
        switch event {
        case .recovered(let descriptions, let revoked): recover(descriptions, revoked)
        case .submitted(let run): submit(run)
        case .hello(let hello, let worker, let session): open(session, of: worker, hello)
        case .message(let message, let session): receive(message, from: session)
        case .disconnected(let session): close(session, .disconnected, leases: .expired)
        case .cancel(let run): cancel(run)
        case .compared(let lease, let worker, let agreed, let differing):
            compare(lease, by: worker, agreed: agreed, differing: differing)
        case .reopened(let run, let jobs): reopen(jobs, of: run)
        case .committed(let span): pace(span)
        case .drain(let worker): drain(worker)
        case .tick: passTime()
        }
        serveIdleSessions()
        defer { directives = [] }
        return directives
    }

    private mutating func receive(_ message: WorkerMessage, from id: SessionID) {
        guard let session = sessions[id] else {
            return send(.reject(.session, detail: "session \(id) is over: say Hello again", retryAfter: 1), to: id)
        }
        hear(id)
        switch message {
        case .hello: ignore(session.worker, "a Hello inside a session")
        case .credit(let slots): credit(id, slots: slots)
        case .heartbeat(let leases, let load): heartbeat(session, leases, load)
        case .scores(let lease, let batch, let rows): score(lease, batch, rows, from: session)
        case .jobDone(let lease): finish(lease, from: session)
        case .jobFailed(let lease, let failure, let detail, let example):
            fail(lease, failure, detail, example, from: session)
        case .leaseReturn(let lease): takeBack(lease, from: session)
        case .draining: stopServing(id)
        case .bye: close(id, .bye, leases: .disowned)
        }
    }

    private mutating func passTime() {
        while let subject = deadlines.popDue(by: clock) {
            switch subject {
            case .session(let id): checkSilence(of: id)
            case .lease(let name): lookAt(name)
            case .retry(let id):
                if jobs[id]?.phase == .waiting { makeReady(id) }
            case .quarantine(let number): endQuarantine(of: number)
            case .comparison(let id): dropUncompared(id)
            }
        }
        balance()
        closeRuns()
    }

    mutating func commit(_ change: Change) { directives.append(.commit(change)) }
    mutating func ignore(_ worker: WorkerKey, _ detail: String) {
        counters.messagesIgnored += 1
        observe(.ignored(worker, detail: detail))
    }
    mutating func observe(_ observation: Observation) { directives.append(.observe(observation)) }
    mutating func send(_ message: CoordinatorMessage, to session: SessionID) {
        directives.append(.send(message, to: session))
    }
    mutating func send(_ message: CoordinatorMessage, toWorker worker: WorkerKey) {
        if let session = sessionOfWorker[worker] { send(message, to: session) }
    }
}
