import Cluster
import Jobs
import Logging
import Messaging
import Store
import Wire
import Wording

/// The coordinator's thread: it reads sockets, feeds the scheduler, commits, and only then sends.
///
/// Everything that a turn decides is one transaction. A message that claims a durable fact (a lease, an acknowledged
/// row) waits until that transaction is on disk; a failed commit ends the loop before anything was claimed.
struct CoordinatorLoop: PollHandler {
    /// Messages that one turn takes, so that a commit stays small under a flood.
    private static let messagesPerTurn = 256
    private static let tickMilliseconds: Milliseconds = 250

    let store: ResultsStore
    let router: RouterEndpoint
    let allowList: AllowList
    let openFiles: OpenFiles
    let log: Logger
    var scheduler: Scheduler
    var sessions: [SessionID: PeerSession] = [:]
    /// What each worker computes with, as its last Hello says.
    private var engines: [WorkerKey: EngineDescription] = [:]
    /// The same of those who said Hello in this turn: rows that they sent before are still of the earlier engine.
    var newEngines: [WorkerKey: EngineDescription] = [:]
    var lastSession: SessionID = 0
    private var lastTick = Instant(milliseconds: 0)
    private var clock = LoopClock()
    /// The turn's time for limits, in seconds.
    var seconds = 0.0

    var limits: PeerLimits
    var logBudget = LogBudget()
    var counters = CoordinatorCounters()
    var upkeep: Upkeep

    // What the turn has brought so far.
    private var changes: [Change] = []
    var journal: [JournalEntry] = []
    private var outbox: [Outgoing] = []
    private var closed: [SessionID] = []
    /// What the commit, or sending, brought: the scheduler learns of it after the turn's messages have left.
    var afterwards: [SchedulerEvent] = []
    /// Of that, what is held against workers, once jobs and runs are again what the store says.
    private var blame: [SchedulerEvent] = []
    /// The ids of models by the SHA-256 of their content, as far as jobs of them were sent.
    var modelNames: [String: String] = [:]
    /// Answers to status requests of this turn, by what was asked.
    var statusAnswers: [WireStatusRequest: WireMessage] = [:]

    /// Who is told after each turn that changed something.
    private var observers: [Int: AsyncStream<Void>.Continuation] = [:]
    private var lastObserver = 0
    private var isStopping = false

    /// What takes long happens elsewhere; installed by the service.
    var submissions: Submissions?
    /// Submissions and reports that wait or are being worked on.
    var requestsUnderWay = 0

    /// Where a worker's session is reached.
    struct PeerSession {
        let worker: WorkerKey
        var peer: PeerID
        var sent: UInt64 = 0
        /// The sequence number of the last message from it.
        var received: UInt64
    }

    enum Outgoing {
        case session(SessionID, CoordinatorMessage)
        case peer(PeerID, WireMessage)
    }

    init(
        store: ResultsStore, router: RouterEndpoint, allowList: AllowList, openFiles: OpenFiles,
        _ options: CoordinatorService.Options
    ) throws {
        self.store = store
        self.router = router
        self.allowList = allowList
        self.openFiles = openFiles
        log = options.log
        limits = PeerLimits(options.limits)
        upkeep = Upkeep(keys: options.authorizedKeys.map(KeysFile.init), memoryLimit: options.memoryLimitBytes)
        scheduler = Scheduler(incarnation: store.incarnation, parameters: options.parameters)
        let recovery = try store.recovery()
        let runs = recovery.runs.filter { options.resuming?.contains($0.id) ?? true }
        if !runs.isEmpty {
            log.notice(
                "going on with \(counted(runs.count, "unfinished run"))",
                metadata: ["incarnation": "\(store.incarnation)"])
        }
        if !runs.isEmpty || !recovery.revoked.isEmpty { feed(.recovered(runs, revoked: recovery.revoked)) }
    }

    var pollables: [any Pollable] { [router] }

    mutating func turn(now: MonotonicInstant) throws -> NextTurn {
        let instant = clock.instant(now)
        seconds = Double(instant.milliseconds) / 1000
        statusAnswers.removeAll(keepingCapacity: true)
        var received = 0
        while !isStopping, received < Self.messagesPerTurn, let inbound = try router.receive() {
            received += 1
            handle(inbound, at: instant)
        }
        if instant - lastTick >= Self.tickMilliseconds {
            lastTick = instant
            feed(.tick, at: instant)
            try lookAfter(at: instant)
        }
        try settle()
        if isStopping {
            try settle()
            return .stop
        }
        return .at(changes.isEmpty && outbox.isEmpty ? now + .milliseconds(Int64(Self.tickMilliseconds)) : now)
    }

    /// Takes no more frames; what is decided is committed and said, then the loop ends.
    mutating func stop() { isStopping = true }

    /// Hands an event to the scheduler and notes what is to be done.
    mutating func feed(_ event: SchedulerEvent, at now: Instant) {
        for directive in scheduler.handle(event, at: now) {
            switch directive {
            case .commit(let change): changes.append(change)
            case .send(let message, let session): outbox.append(.session(session, message))
            case .close(let session): closed.append(session)
            case .observe(let observation): observe(observation)
            }
        }
    }

    /// The same for an event that another thread brings.
    mutating func feed(_ event: SchedulerEvent) { feed(event, at: clock.instant(.now)) }

    /// Answers a peer after the turn's commit.
    mutating func answer(_ peer: PeerID, _ message: WireMessage) { outbox.append(.peer(peer, message)) }

    /// Tells a stream of every turn that changes something, until the stream ends; returns its number.
    mutating func addObserver(_ continuation: AsyncStream<Void>.Continuation) -> Int {
        lastObserver += 1
        observers[lastObserver] = continuation
        return lastObserver
    }

    mutating func removeObserver(_ number: Int) { observers[number] = nil }

    /// Commits what the turn decided, then sends what it claims.
    private mutating func settle() throws {
        let isChanged = !changes.isEmpty
        if isChanged || !journal.isEmpty { try commit() }
        engines.merge(newEngines) { _, new in new }
        newEngines.removeAll(keepingCapacity: true)
        let (due, ended) = (outbox, closed)
        (outbox, closed) = ([], [])
        try send(due)
        for id in ended { sessions[id] = nil }
        let events = afterwards
        afterwards = []
        for event in events { feed(event) }
        if isChanged { for observer in observers.values { observer.yield() } }
    }

    private mutating func commit() throws {
        let start = MonotonicInstant.now
        let outcomes = try store.commit(changes, engines: engines, events: journal)
        journal.removeAll(keepingCapacity: true)
        if changes.isEmpty { return }
        let took = start.duration(to: .now).wholeMilliseconds
        counters.commits += 1
        counters.commitMilliseconds += took
        afterwards.append(.committed(took))
        let committed = changes
        changes.removeAll(keepingCapacity: true)
        for (change, outcome) in zip(committed, outcomes) { note(change, outcome) }
        afterwards += blame
        blame.removeAll(keepingCapacity: true)
    }

    private mutating func note(_ change: Change, _ outcome: ChangeOutcome) {
        switch outcome {
        case .applied: break
        case .reopened(let runs):
            for run in runs { afterwards.append(.reopened(run.run, run.jobs)) }
            // The scheduler waits for a word even if no row has to be computed again.
            if runs.isEmpty, let run = scheduler.unfinishedRuns.first { afterwards.append(.reopened(run, [])) }
        case .rows(let rows):
            guard case .scored(let job, let epoch, let worker, _) = change else { return }
            note(rows, of: LeaseName(job: job, epoch: epoch), worker)
        case .refused(let reason):
            counters.changesRefused += 1
            remark(.error, "refused change", "the store refused a change: \(reason)", [:])
            switch change {
            case .scored(let job, let epoch, let worker, _):
                misses(LeaseName(job: job, epoch: epoch), worker, reason)
            case .run(let run, _): takeUp(run)
            default: break
            }
        }
    }

    private mutating func note(_ rows: RowOutcome, of lease: LeaseName, _ worker: WorkerKey) {
        counters.rowsDisagreeing += UInt64(rows.disagreements.count)
        counters.rowsUnexpected += UInt64(rows.unexpected.count)
        let (agreed, differing) = (rows.duplicates, rows.disagreements)
        if !agreed.isEmpty || !differing.isEmpty {
            afterwards.append(
                .compared(
                    lease, by: worker, agreed: agreed.map { UInt32(clamping: $0) },
                    differing: differing.map { UInt32(clamping: $0) }))
        }
        if !rows.unexpected.isEmpty {
            misses(lease, worker, "rows of examples \(rows.unexpected) do not fit the job")
        }
    }

    /// The store does not have rows that the scheduler counts as stored: they are missing, and their worker is to blame.
    private mutating func misses(_ lease: LeaseName, _ worker: WorkerKey, _ reason: String) {
        remark(
            .error, "rows \(worker)", "rows were not stored: \(reason)",
            ["job": "\(lease.job)", "epoch": "\(lease.epoch)", "worker": "\(worker)"])
        let found = try? store.read { view in
            try view.order(of: lease.job).map { ($0.run, try view.description(of: $0.run).jobs) }
        }
        if let (run, jobs) = found ?? nil {
            afterwards.append(.reopened(run, jobs.filter { $0.id == lease.job }))
        }
        // The job may be thought to be done, and so its lease to be over.
        changes.append(.released(job: lease.job, epoch: lease.epoch, reason: .failed))
        guard let session = scheduler.session(of: worker) else { return }
        blame.append(.message(.jobFailed(lease, .worker, detail: reason), session: session))
        if case .cutOff = limits.offend(worker, .worker, at: seconds) { blame.append(.disconnected(session)) }
    }

    /// A run that the scheduler ended and the store did not, since rows that were counted are not there: it goes on.
    private mutating func takeUp(_ run: RunID) {
        guard let description = try? store.read({ try $0.description(of: run) }) else { return }
        afterwards.append(.submitted(description))
    }
}

/// The scheduler's clock: milliseconds since the loop was made.
struct LoopClock {
    private let start = MonotonicInstant.now

    func instant(_ now: MonotonicInstant) -> Instant {
        Instant(milliseconds: max(.zero, start.duration(to: now)).wholeMilliseconds)
    }
}

extension Duration {
    /// Rounded down; only for a duration that is not negative.
    fileprivate var wholeMilliseconds: Milliseconds {
        Milliseconds(components.seconds) * 1000 + Milliseconds(components.attoseconds / 1_000_000_000_000_000)
    }
}
