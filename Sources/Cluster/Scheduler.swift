import Hashing
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

    var jobs = JobTable()
    /// Every run that this start of the coordinator saw.
    var runs: [RunRecord] = []
    var runNumbers: [RunID: RunNumber] = [:]
    /// Runs that are not over, in the order of their arrival.
    var openRuns: [RunNumber] = []
    var readyJobs = 0

    /// Jobs that are over and have rows to compare which nobody compares yet.
    var checksReady = 0
    /// Jobs that somebody computes.
    var running = WalkableSet<JobNumber>()
    /// Where the next look for slow or waiting leases begins.
    var balanceFrom = 0
    /// Runs in which nothing but comparisons is left.
    var closing: [RunNumber] = []
    var nextClosing = Instant(milliseconds: 0)

    var sessions = SessionTable()
    /// Every key that said Hello or that a found lease is of, and its place there.
    var workerRecords: [WorkerRecord] = []
    var numbers: [WorkerKey: WorkerNumber] = [:]
    /// Keys that are never admitted again.
    var revokedKeys: Set<WorkerKey> = []
    /// Until then no run ends, for the rows of a revoked worker are being put aside.
    var endsHeldUntil: Instant?
    /// Active sessions with room for a job, ascending.
    var idle: [SessionPlace] = []
    /// Those of them that hold none.
    var unoccupied: [SessionPlace] = []
    /// Where a look through the idle sessions that was too long goes on.
    var scanFrom: SessionID?
    /// The runs with work in the order in which they are served, once a turn has asked for it.
    var claims: [Claim]?
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
    var random: SplitMix64

    // What the turn has brought so far.
    var directives: [SchedulerDirective] = []
    var newlyIdle: [SessionPlace] = []
    var workBecameReady = false

    /// An empty scheduler of one start of the coordinator.
    public init(incarnation: UInt64, parameters: SchedulerParameters = SchedulerParameters()) {
        self.incarnation = incarnation
        self.parameters = parameters
        random = SplitMix64(state: parameters.seed &+ incarnation)
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
        case .disconnected(let session):
            if let worker = sessions.worker(of: session) { close(worker, .disconnected, leases: .expired) }
        case .cancel(let run): if let number = runNumbers[run] { cancel(number) }
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
        guard let worker = sessions.worker(of: id) else {
            return send(.reject(.session, detail: "session \(id) is over: say Hello again", retryAfter: 1), to: id)
        }
        hear(worker)
        let session = sessions[worker].facts
        switch message {
        case .hello: ignore(session.worker, "a Hello inside a session")
        case .credit(let slots): credit(worker, slots: slots)
        case .heartbeat(let leases, let load): heartbeat(session, leases, load)
        case .scores(let lease, let batch, let rows): score(lease, batch, rows, from: session)
        case .jobDone(let lease): finish(lease, from: session)
        case .jobFailed(let lease, let failure, let detail, let example):
            fail(lease, failure, detail, example, from: session)
        case .leaseReturn(let lease): takeBack(lease, from: session)
        case .draining: stopServing(worker)
        case .bye: close(worker, .bye, leases: .disowned)
        }
    }

    private mutating func passTime() {
        while let subject = deadlines.popDue(by: clock) {
            switch subject {
            case .session(let id): if let worker = sessions.worker(of: id) { checkSilence(of: worker) }
            case .lease(let name): if let lease = number(of: name) { lookAt(lease) }
            case .retry(let id):
                if let job = jobs.number(of: id), jobs[job].phase == .waiting { makeReady(job) }
            case .quarantine(let number): endQuarantine(of: number)
            case .comparison(let id): if let job = jobs.number(of: id) { dropUncompared(job) }
            }
        }
        balance()
        closeRuns()
    }

    /// The number of a lease whose job is known.
    func number(of name: LeaseName) -> LeaseNumber? {
        jobs.number(of: name.job).map { LeaseNumber(job: $0, epoch: name.epoch) }
    }

    func name(of lease: LeaseNumber) -> LeaseName { LeaseName(job: jobs[lease.job].facts.id, epoch: lease.epoch) }

    mutating func direct(_ directive: SchedulerDirective) {
        if directives.isEmpty { directives.reserveCapacity(8) }
        directives.append(directive)
    }
    mutating func commit(_ change: Change) { direct(.commit(change)) }
    mutating func ignore(_ worker: WorkerKey, _ detail: String) {
        counters.messagesIgnored += 1
        observe(.ignored(worker, detail: detail))
    }
    mutating func observe(_ observation: Observation) { direct(.observe(observation)) }
    mutating func send(_ message: CoordinatorMessage, to session: SessionID) {
        direct(.send(message, to: session))
    }
    mutating func send(_ message: CoordinatorMessage, toWorker worker: WorkerNumber) {
        if let session = sessions.open(worker) { send(message, to: session.id) }
    }
}
