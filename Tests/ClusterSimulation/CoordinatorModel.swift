import Cluster
import Wire

/// The coordinator's shell in a simulation: turns, group commit, sessions, and every place where it may be killed.
final class CoordinatorModel {
    private unowned let world: World
    private(set) var scheduler: Scheduler?
    private var inbox: [SchedulerEvent] = []
    /// Whose session it is, and of which life.
    private var routes: [SessionID: (worker: Int, boot: String)] = [:]
    /// What each session was told last, and the most that it ever was.
    private var windows: [SessionID: (last: UInt64, most: UInt64)] = [:]
    private var sessions: UInt64 = 0
    private var life = 0
    private var isTurnDue = false
    private var started = Instant(milliseconds: 0)
    /// How far its monotonic clock is behind the world's: it stands still while the machine is suspended.
    private var lag: Milliseconds = 0
    /// The lives of the workers whose Hellos were accepted.
    private var greeted: [WorkerKey: String] = [:]
    /// Leases whose holders came back since the start.
    private var adopted: Set<LeaseName> = []
    private(set) var pausedUntil = Instant(milliseconds: 0)

    init(world: World) { self.world = world }

    static func parameters(_ world: World) -> SchedulerParameters {
        var parameters = SchedulerParameters()
        parameters.noProgress = 40_000
        parameters.firstProgress = 60_000
        parameters.jobDeadline = 240_000
        parameters.quarantine = 20_000
        parameters.quarantineLimit = 60_000
        parameters.checkPatience = 60_000
        parameters.window = 400
        parameters.windows = 2_000
        parameters.sessionLimit = 64
        parameters.verification = world.scenario.verification
        parameters.seed = world.seed
        if world.mutation == .hasNoRestartGrace { parameters.restartGrace = 0 }
        if world.mutation == .givesUpEarly { parameters.attempts = 1 }
        return parameters
    }

    private var lastClock = Instant(milliseconds: 0)

    /// Its monotonic clock.
    private var clock: Instant {
        let now = world.now.milliseconds
        lastClock = max(lastClock, Instant(milliseconds: now - min(now, lag)))
        return lastClock
    }

    func start() {
        guard scheduler == nil else { return }
        world.store.incarnation += 1
        world.say("coordinator starts, incarnation \(world.store.incarnation)")
        scheduler = Scheduler(incarnation: world.store.incarnation, parameters: Self.parameters(world))
        started = world.now
        sessions = 0
        let runs = world.store.recover()
        take(.recovered(runs, revoked: world.mutation == .forgetsRevocations ? [] : world.store.revoked))
        tick(life)
    }

    func kill() {
        world.say("coordinator dies")
        life += 1
        scheduler = nil
        (inbox, routes, windows, adopted, isTurnDue) = ([], [:], [:], [], false)
    }

    /// Stops the process; with the machine, its clock stops too.
    func pause(_ span: Milliseconds, suspends: Bool) {
        world.say("coordinator pauses for \(span) ms")
        let start = max(world.now, pausedUntil)
        pausedUntil = max(pausedUntil, world.now + span)
        if suspends { lag += pausedUntil - start }
    }

    func resume() { pausedUntil = world.now }

    private func tick(_ life: Int) {
        guard life == self.life else { return }
        take(.tick)
        world.after(250) { [unowned self] in tick(life) }
    }

    /// A frame of a worker, with what its header says.
    func receive(_ message: WorkerMessage, from worker: Int, session: SessionID, incarnation: UInt64) {
        guard scheduler != nil else { return }
        if case .hello(let hello) = message {
            sessions += 1
            let session = world.store.incarnation << 32 | sessions
            routes[session] = (worker, hello.bootID)
            take(.hello(hello, worker: world.workers[worker].key, session: session))
        } else if routes[session]?.worker == worker, incarnation == world.store.incarnation {
            let (message, session) = mutated(message, session)
            take(.message(message, session: session))
        } else {
            post(.reject(.session, detail: "no such session", retryAfter: 1), to: worker, session: session)
        }
    }

    func take(_ event: SchedulerEvent) {
        guard scheduler != nil else { return }
        inbox.append(event)
        schedule(after: world.span(0...20))
    }

    private func schedule(after delay: Milliseconds) {
        guard !isTurnDue else { return }
        isTurnDue = true
        let life = life
        world.after(max(delay, pausedUntil - world.now)) { [unowned self] in
            guard life == self.life else { return }
            isTurnDue = false
            if pausedUntil > world.now { schedule(after: 0) } else { try turn() }
        }
    }

    private func turn() throws {
        var directives: [SchedulerDirective] = []
        var rest: [SchedulerEvent] = []
        for (place, event) in inbox.enumerated() {
            // Rows are stored under the engine that their worker's session has: what came before is committed first.
            if case .hello(let hello, let worker, _) = event, place > 0,
                world.store.engines[worker] != hello.engine.identity
            {
                rest = Array(inbox[place...])
                break
            }
            let new = scheduler?.handle(event, at: clock) ?? []
            directives += new
            for case .commit(.granted(let lease)) in new {
                world.boots[LeaseName(job: lease.job, epoch: lease.epoch)] = greeted[lease.worker]
            }
            // What a Hello says counts once it is accepted.
            if case .hello(let hello, let worker, let session) = event, scheduler?.session(of: worker) == session {
                world.store.engines[worker] = hello.engine.identity
                greeted[worker] = hello.bootID
            }
        }
        inbox = []
        let crash = world.chance(world.faults.turnCrash) ? Int.random(in: 0...2, using: &world.random) : nil
        if world.mutation == .sendsBeforeCommit { try sendAll(directives) }
        if crash == 0 { return die() }
        try commit(directives)
        inbox += rest
        if !rest.isEmpty { schedule(after: 0) }
        if crash == 1 { return die() }
        if world.mutation != .sendsBeforeCommit {
            try sendAll(crash == nil ? directives : Array(directives.prefix(directives.count / 2)))
        }
        if crash != nil { return die() }
        try verify()
    }

    private func die() {
        guard scheduler != nil else { return }
        kill()
        world.after(world.span(100...20_000)) { [unowned self] in start() }
    }

    /// Makes a turn's changes durable, and tells the scheduler what the store found.
    private func commit(_ directives: [SchedulerDirective]) throws {
        var comparisons: [StoreModel.Comparison] = []
        var isReopening = false
        var isChanged = false
        for case .commit(let change) in directives {
            isChanged = true
            world.say("commit \(change)")
            if case .released(let job, let epoch, let reason) = change { try check(job, epoch, reason, directives) }
            if case .revoked = change {
                isReopening = true
                // The next coordinator has to know of it too.
                if world.chance(0.3) { world.after(world.span(1...5_000)) { [unowned self] in die() } }
            }
            if let comparison = try world.store.apply(change) { comparisons.append(comparison) }
        }
        for comparison in comparisons where !comparison.agreed.isEmpty || !comparison.differing.isEmpty {
            inbox.append(
                .compared(
                    comparison.lease, by: author(of: comparison), agreed: comparison.agreed,
                    differing: comparison.differing))
        }
        if isReopening {
            for run in world.store.runs where run.state == .running {
                inbox.append(.reopened(run.id, world.store.reopened(of: run.id)))
            }
        }
        if isChanged {
            let isSlow = world.chance(world.faults.slowCommit)
            let span = isSlow ? world.span(250...2_000) : 5
            if isSlow { pausedUntil = max(pausedUntil, world.now + span) }
            inbox.append(.committed(span))
        }
        if !inbox.isEmpty { schedule(after: 0) }
    }

    private func author(of comparison: StoreModel.Comparison) -> WorkerKey {
        guard world.mutation == .trustsItself else { return comparison.worker }
        return world.workers.first { $0.key != comparison.worker }?.key ?? comparison.worker
    }

    /// A lease ends by its holder's word about that very lease, or for a reason that time gives.
    private func check(
        _ job: JobID, _ epoch: UInt64, _ reason: ReleaseReason, _ directives: [SchedulerDirective]
    ) throws {
        let name = LeaseName(job: job, epoch: epoch)
        guard let lease = world.store.jobs[job]?.leases.first(where: { $0.epoch == epoch }) else { return }
        var why = ""
        for case .observe(.leaseEnded(let ended, _, let detail)) in directives where ended == lease { why = detail }
        // Another life of the worker said Hello, even if a late word of an earlier one.
        let hasDied = why == "its worker died" && world.boots[name] != greeted[lease.worker]
        if reason == .returned || reason == .failed, !world.reports.contains(name), !hasDied,
            !why.contains("quarantine")
        {
            throw Violation("\(name) ended as \(reason) (\(why)), which its worker did not say")
        }
        guard reason == .expired, lease.incarnation < world.store.incarnation else { return }
        if !adopted.contains(name), clock - started < 60_000 {
            throw Violation("\(name.job) of epoch \(name.epoch) was requeued in the restart grace")
        }
    }

    private func sendAll(_ directives: [SchedulerDirective]) throws {
        for directive in directives {
            switch directive {
            case .send(let message, let session):
                if case .welcome(_, _, let kept, _) = message { adopted.formUnion(kept) }
                guard let route = routes[session] else { continue }
                post(told(message, session), to: route.worker, session: session, boot: route.boot)
            case .close(let session): (routes[session], windows[session]) = (nil, nil)
            case .commit, .observe: continue
            }
        }
        let sum = windows.values.reduce(0) { $0 + $1.last }
        guard sum <= 2_000 else { throw Violation("the workers may have \(sum) bytes under way") }
    }

    /// Notes the windows that leave.
    private func told(_ message: CoordinatorMessage, _ session: SessionID) -> CoordinatorMessage {
        func note(_ window: UInt64?) -> UInt64? {
            guard let window else { return nil }
            windows[session] = (window, max(window, windows[session]?.most ?? 0))
            return world.mutation == .hasNoWindow ? nil : window
        }
        return switch message {
        case .welcome(let heartbeat, let lease, let kept, let window):
            .welcome(heartbeat: heartbeat, lease: lease, kept: kept, window: note(window))
        case .heartbeatAck(let renewed, let cancelled, let window, let heartbeat):
            .heartbeatAck(renewed: renewed, cancelled: cancelled, window: note(window), heartbeat: heartbeat)
        default: message
        }
    }

    /// The most that a session was ever told it may have under way; nil: it was told nothing.
    func window(of session: SessionID) -> UInt64? { windows[session]?.most }

    /// A connection ends with the process that made it.
    private func post(_ message: CoordinatorMessage, to worker: Int, session: SessionID, boot: String? = nil) {
        let incarnation = world.store.incarnation
        world.carry(from: worker, toCoordinator: false) { [unowned world] in
            guard boot ?? world.workers[worker].bootID == world.workers[worker].bootID else { return }
            try world.workers[worker].receive(message, session: session, incarnation: incarnation)
        }
    }

    /// What must hold between two turns, once the scheduler knows what the store found.
    private func verify() throws {
        guard let scheduler, !inbox.contains(where: { if case .reopened = $0 { true } else { false } }) else { return }
        for run in world.store.runs where run.state == .running {
            guard let progress = scheduler.progress(of: run.id) else { throw Violation("\(run.id) is unknown") }
            let stored = world.store.rows(of: run.id)
            guard progress.rows == UInt64(stored) else {
                throw Violation("\(run.id): \(progress.rows) rows counted, \(stored) stored")
            }
        }
        for worker in scheduler.workers where worker.agreed > 0 {
            guard worker.agreed <= world.store.confirmations[worker.worker, default: 0] else {
                throw Violation("\(worker.worker) is trusted for rows which no other worker confirmed")
            }
        }
    }

    private func mutated(_ message: WorkerMessage, _ session: SessionID) -> (WorkerMessage, SessionID) {
        switch world.mutation {
        case .acceptsOldEpochs:
            let changed = message.renamed { name in
                LeaseName(job: name.job, epoch: world.store.jobs[name.job]?.leases.last?.epoch ?? name.epoch)
            }
            return (changed, session)
        case .confusesPurposes:
            guard let name = message.lease,
                let other = world.store.jobs[name.job]?.leases.first(where: { $0.epoch != name.epoch }),
                world.store.jobs[name.job]?.leases.contains(where: { $0.epoch == name.epoch }) == true,
                let holder = scheduler?.session(of: other.worker)
            else { return (message, session) }
            return (message.renamed { LeaseName(job: $0.job, epoch: other.epoch) }, holder)
        default: return (message, session)
        }
    }
}

extension WorkerMessage {
    /// The lease that it is about.
    fileprivate var lease: LeaseName? {
        switch self {
        case .jobDone(let name), .jobFailed(let name, _, _, _), .leaseReturn(let name), .scores(let name, _, _): name
        default: nil
        }
    }

    fileprivate func renamed(_ rename: (LeaseName) -> LeaseName) -> WorkerMessage {
        switch self {
        case .jobDone(let name): .jobDone(rename(name))
        case .jobFailed(let name, let failure, let detail, let example):
            .jobFailed(rename(name), failure, detail: detail, example: example)
        case .leaseReturn(let name): .leaseReturn(rename(name))
        case .scores(let name, let batch, let rows): .scores(rename(name), batch: batch, rows: rows)
        default: self
        }
    }
}
