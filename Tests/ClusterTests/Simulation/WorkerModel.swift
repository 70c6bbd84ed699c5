import Cluster
import Wire

/// A worker's shell in a simulation: a process that computes, may be killed, stopped or hung, and starts again.
final class WorkerModel {
    let index: Int
    let key: WorkerKey
    let host: String
    private unowned let world: World
    private(set) var session: WorkerSession?
    private var boot = 0
    private var computing: LeaseName?
    private var isStopping = false
    /// What it computes with.
    var engine = EngineDescription(build: "1", name: "model", arithmetic: "model")
    /// How it fails at the jobs that it dislikes.
    var failing: WireFailureClass?
    private var pausedUntil = Instant(milliseconds: 0)

    init(index: Int, key: WorkerKey, host: String, world: World) {
        self.index = index
        self.key = key
        self.host = host
        self.world = world
    }

    func start() throws {
        guard session == nil else { return }
        boot += 1
        session = WorkerSession(
            greeting: Hello(engine: engine, host: host, bootID: "\(key) boot \(boot)"))
        try handle(.connected)
        tick(boot)
    }

    func kill() {
        boot += 1
        session = nil
        computing = nil
    }

    func pause(_ span: Milliseconds) { pausedUntil = max(pausedUntil, world.now + span) }
    func resume() { pausedUntil = world.now }
    func shutDown() throws { try handle(.shutdown) }

    /// Does something in this process, once it is not stopped.
    private func whenAwake(_ boot: Int, after delay: Milliseconds, _ action: @escaping () throws -> Void) {
        world.after(delay) { [unowned self] in
            guard boot == self.boot, session != nil else { return }
            guard pausedUntil <= world.now else { return whenAwake(boot, after: pausedUntil - world.now, action) }
            try action()
        }
    }

    private func tick(_ boot: Int) {
        whenAwake(boot, after: 100) { [unowned self] in
            try handle(.tick)
            tick(boot)
        }
    }

    func receive(_ message: CoordinatorMessage, session id: SessionID, incarnation: UInt64) throws {
        if session == nil { return }
        whenAwake(boot, after: 0) { [unowned self] in
            switch message {
            case .grant(let name, _, _, _):
                guard world.holder[name, default: key] == key else {
                    throw Violation("\(name.job) of epoch \(name.epoch) went to two workers")
                }
                world.holder[name] = key
            case .ack(let name, let batch):
                for example in world.batches[name]?[batch] ?? [] where world.store.jobs[name.job]?.rows[example] == nil
                {
                    throw Violation("row \(example) of \(name.job) was acknowledged and is not stored")
                }
            default: break
            }
            try handle(.received(message, session: id, incarnation: incarnation))
        }
    }

    private func handle(_ event: WorkerEvent) throws {
        guard let directives = session?.handle(event, at: world.now) else { return }
        for directive in directives {
            switch directive {
            case .send(let message): try send(message)
            case .start(let name, let examples):
                computing = name
                isStopping = false
                compute(name, examples[...])
            case .finishCurrent(let name): if computing == name { isStopping = true }
            case .abandon(let name): if computing == name { computing = nil }
            case .exit:
                kill()
                world.after(world.span(100...5_000)) { [unowned self] in try start() }
            case .forget, .note: break
            }
        }
    }

    private func send(_ message: WorkerMessage) throws {
        var (id, incarnation) = (session?.session ?? 0, session?.incarnation ?? 0)
        switch message {
        case .hello: (id, incarnation) = (0, 0)
        case .scores(let name, let batch, let rows):
            let examples = rows.map(\.example)
            guard world.batches[name]?[batch] ?? examples == examples else {
                throw Violation("batch \(batch) of \(name.job) changed between two sendings")
            }
            world.batches[name, default: [:]][batch] = examples
            if world.mutation == .forgetsUnacknowledgedRows {
                whenAwake(boot, after: 0) { [unowned self] in
                    try handle(.received(.ack(name, batch: batch), session: id, incarnation: incarnation))
                }
            }
        case .jobFailed(let name, _, _, _), .leaseReturn(let name): world.reports.insert(name)
        default: break
        }
        world.carry(from: index, toCoordinator: true) { [unowned world, index] in
            world.coordinator.receive(message, from: index, session: id, incarnation: incarnation)
        }
    }

    private func compute(_ name: LeaseName, _ examples: ArraySlice<UInt32>) {
        guard let example = examples.first else {
            return then(name, after: 0) { [unowned self] in
                computing = nil
                try handle(.finished(name))
            }
        }
        if world.chance(world.faults.hang) {
            world.reports.insert(name)
            return
        }
        then(name, after: world.span(20...1_500)) { [unowned self] in
            if world.dataPoison.contains(name.job) { return try fail(name, .data) }
            if let failing, name.job.hasSuffix("1") { return try fail(name, failing) }
            try handle(.produced(name, rows: [StoreModel.row(name.job, example)]))
            guard computing == name else { return }
            if isStopping, examples.count > 1 {
                computing = nil
                return try handle(.stopped(name))
            }
            compute(name, examples.dropFirst())
        }
    }

    private func fail(_ name: LeaseName, _ failure: WireFailureClass) throws {
        computing = nil
        try handle(.failed(name, failure, detail: "simulated"))
    }

    private func then(_ name: LeaseName, after delay: Milliseconds, _ action: @escaping () throws -> Void) {
        whenAwake(boot, after: delay) { [unowned self] in
            if computing == name { try action() }
        }
    }
}
