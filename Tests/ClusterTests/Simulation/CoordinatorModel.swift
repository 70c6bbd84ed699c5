import Cluster
import Wire

/// The coordinator's shell in a simulation: turns, group commit, sessions, and every place where it may be killed.
final class CoordinatorModel {
    private unowned let world: World
    private(set) var scheduler: Scheduler?
    private var inbox: [SchedulerEvent] = []
    private var routes: [SessionID: Int] = [:]
    private var sessions: UInt64 = 0
    private var life = 0
    private var isTurnDue = false
    private var started = Instant(milliseconds: 0)
    /// Leases whose holders came back since the start.
    private var adopted: Set<LeaseName> = []
    var pausedUntil = Instant(milliseconds: 0)

    init(world: World) { self.world = world }

    static func parameters(_ world: World) -> SchedulerParameters {
        var parameters = SchedulerParameters()
        parameters.noProgress = 40_000
        parameters.firstProgress = 60_000
        parameters.jobDeadline = 240_000
        parameters.seed = world.seed
        if world.mutation == .hasNoRestartGrace { parameters.restartGrace = 0 }
        return parameters
    }

    func start() {
        guard scheduler == nil else { return }
        world.store.incarnation += 1
        scheduler = Scheduler(incarnation: world.store.incarnation, parameters: Self.parameters(world))
        started = world.now
        sessions = 0
        let runs = world.store.unfinishedRuns()
        take(.recovered(runs))
        tick(life)
    }

    func kill() {
        life += 1
        scheduler = nil
        (inbox, routes, adopted, isTurnDue) = ([], [:], [], false)
    }

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
            routes[session] = worker
            take(.hello(hello, worker: world.workers[worker].key, session: session))
        } else if routes[session] == worker, incarnation == world.store.incarnation {
            take(.message(mutated(message), session: session))
        } else {
            post(.reject(.session, detail: "no such session", retryAfter: 1), to: worker, session: session)
        }
    }

    func take(_ event: SchedulerEvent) {
        guard scheduler != nil else { return }
        inbox.append(event)
        guard !isTurnDue else { return }
        isTurnDue = true
        let life = life
        world.after(max(world.span(0...20), pausedUntil - world.now)) { [unowned self] in
            if life == self.life { try turn() }
        }
    }

    private func turn() throws {
        isTurnDue = false
        if pausedUntil > world.now {
            isTurnDue = true
            let life = life
            return world.after(pausedUntil - world.now) { [unowned self] in
                if life == self.life { try turn() }
            }
        }
        var directives: [SchedulerDirective] = []
        for event in inbox { directives += scheduler?.handle(event, at: world.now) ?? [] }
        inbox = []
        let crash = world.chance(world.faults.turnCrash) ? Int.random(in: 0...2, using: &world.random) : nil
        if world.mutation == .sendsBeforeCommit { try sendAll(directives) }
        if crash == 0 { return die() }
        for case .commit(let change) in directives { try commit(change, directives) }
        if crash == 1 { return die() }
        if world.mutation != .sendsBeforeCommit {
            try sendAll(crash == nil ? directives : Array(directives.prefix(directives.count / 2)))
        }
        if crash != nil { return die() }
        for run in world.store.runs where run.state == .running {
            guard let progress = scheduler?.progress(of: run.id) else { throw Violation("\(run.id) is unknown") }
            guard progress.rows == UInt64(world.store.rows(of: run.id)) else {
                throw Violation("\(run.id): \(progress.rows) rows counted, \(world.store.rows(of: run.id)) stored")
            }
        }
    }

    private func die() {
        kill()
        world.after(world.span(100...20_000)) { [unowned self] in start() }
    }

    private func commit(_ change: Change, _ directives: [SchedulerDirective]) throws {
        if case .released(let job, let epoch, let reason) = change {
            let lease = world.store.jobs[job]?.lease
            var why = ""
            for case .observe(.leaseEnded(let ended, _, let detail)) in directives where ended == lease { why = detail }
            try check(LeaseName(job: job, epoch: epoch), reason, lease, why)
        }
        try world.store.apply(change)
    }

    /// A lease ends by its holder's word about that very lease, or for a reason that time gives.
    private func check(_ name: LeaseName, _ reason: ReleaseReason, _ lease: Lease?, _ why: String) throws {
        if reason == .returned || reason == .failed, !world.reports.contains(name) {
            throw Violation("\(name) ended as \(reason) (\(why)), which its worker did not say")
        }
        guard reason == .expired, let lease, lease.incarnation < world.store.incarnation else { return }
        if !adopted.contains(name), world.now - started < 60_000 {
            throw Violation("\(name.job) of epoch \(name.epoch) was requeued in the restart grace")
        }
    }

    private func sendAll(_ directives: [SchedulerDirective]) throws {
        for directive in directives {
            switch directive {
            case .send(let message, let session):
                if case .welcome(_, _, let kept, _) = message { adopted.formUnion(kept) }
                guard let worker = routes[session] else { continue }
                post(message, to: worker, session: session)
            case .close(let session): routes[session] = nil
            case .commit, .observe: continue
            }
        }
    }

    private func post(_ message: CoordinatorMessage, to worker: Int, session: SessionID) {
        let incarnation = world.store.incarnation
        world.carry(from: worker, toCoordinator: false) { [unowned world] in
            try world.workers[worker].receive(message, session: session, incarnation: incarnation)
        }
    }

    private func mutated(_ message: WorkerMessage) -> WorkerMessage {
        guard world.mutation == .acceptsOldEpochs else { return message }
        func current(_ name: LeaseName) -> LeaseName {
            LeaseName(job: name.job, epoch: world.store.jobs[name.job]?.epoch ?? name.epoch)
        }
        return switch message {
        case .jobDone(let name): .jobDone(current(name))
        case .jobFailed(let name, let failure, let detail, let example):
            .jobFailed(current(name), failure, detail: detail, example: example)
        case .leaseReturn(let name): .leaseReturn(current(name))
        case .scores(let name, let batch, let rows): .scores(current(name), batch: batch, rows: rows)
        default: message
        }
    }
}
