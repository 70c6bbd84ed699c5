import Cluster
import Wire

/// A worker's shell in a simulation: a process that computes, may be killed, stopped or hung, and starts again; and a
/// disk with its spool.
final class WorkerModel {
    let index: Int
    let key: WorkerKey
    let host: String
    private unowned let world: World
    private(set) var session: WorkerSession?
    private var boot = 0
    private var computing: (lease: LeaseName, example: UInt32)?
    private var isStopping = false
    /// What it computes with.
    var engine: EngineDescription
    private var pausedUntil = Instant(milliseconds: 0)
    /// How far its clock is behind the world's.
    private var lag: Milliseconds = 0
    private var disk: [SpooledBatch] = []
    /// Bytes of the batches that it sent in this session and that were not acknowledged.
    private var underWay: [LeaseName: [UInt64: UInt64]] = [:]
    private var underWaySession: SessionID = 0

    init(index: Int, world: World) {
        self.index = index
        self.world = world
        let worker = world.scenario.workers[index]
        key = worker.key
        host = worker.host
        engine = worker.engine
    }

    /// Its current life.
    var bootID: String { "\(key) boot \(boot)" }
    private var scenario: Scenario.Worker { world.scenario.workers[index] }
    private var lastClock = Instant(milliseconds: 0)

    /// Its monotonic clock.
    private var clock: Instant {
        let now = world.now.milliseconds
        lastClock = max(lastClock, Instant(milliseconds: now - min(now, lag)))
        return lastClock
    }

    static let parameters: WorkerParameters = {
        var parameters = WorkerParameters()
        parameters.batchRows = 4
        return parameters
    }()

    func start() throws {
        guard session == nil else { return }
        boot += 1
        world.say("\(key) starts, boot \(boot), \(disk.count) batches on disk")
        session = WorkerSession(
            greeting: Hello(engine: engine, host: host, bootID: bootID), parameters: Self.parameters,
            spooled: disk)
        try handle(.connected)
        tick(boot)
    }

    /// Ends the process at once.
    func kill() {
        guard let session else { return }
        world.say("\(key) dies at \(computing.map { "\($0.example) of \($0.lease.job)" } ?? "nothing")")
        if let computing { note(accident: computing) }
        world.reports.formUnion(session.leases)
        end()
        if world.chance(world.faults.spoolLoss) { disk = [] }
    }

    private func end() {
        boot += 1
        session = nil
        computing = nil
        underWay = [:]
    }

    private func note(accident: (lease: LeaseName, example: UInt32)) {
        world.accidents[accident.lease.job, default: [:]][accident.example, default: 0] += 1
    }

    /// Another build takes its place.
    func upgrade(to build: String) {
        kill()
        engine.build = build
    }

    func pause(_ span: Milliseconds, suspends: Bool) {
        world.say("\(key) pauses for \(span) ms")
        let start = max(world.now, pausedUntil)
        pausedUntil = max(pausedUntil, world.now + span)
        if suspends { lag += pausedUntil - start }
    }

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
        whenAwake(boot, after: 200) { [unowned self] in
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
                guard let known = world.store.jobs[name.job]?.known else { break }
                for example in world.batches[name]?[batch] ?? [] where !known.contains(example) {
                    throw Violation("row \(example) of \(name.job) was acknowledged and was never stored")
                }
            default: break
            }
            try handle(.received(message, session: id, incarnation: incarnation))
        }
    }

    private func handle(_ event: WorkerEvent) throws {
        guard let directives = session?.handle(event, at: clock) else { return }
        for directive in directives {
            switch directive {
            case .send(let message): try send(message)
            case .keep(let batch): if world.mutation != .losesSpool { disk.append(batch) }
            case .discard(let lease, let number):
                disk.removeAll { $0.lease == lease && $0.number == number }
                underWay[lease]?[number] = nil
            case .start(let name, let examples):
                isStopping = false
                try compute(name, examples[...])
            case .finishCurrent(let name): if computing?.lease == name { isStopping = true }
            case .abandon(let name): if computing?.lease == name { computing = nil }
            case .exit:
                world.say("\(key) leaves: \(directive)")
                end()
                world.after(world.span(100...5_000)) { [unowned self] in try start() }
            case .forget: break
            case .note(let text): world.say("\(key): \(text)")
            }
        }
    }

    private func send(_ message: WorkerMessage) throws {
        var (id, incarnation) = (session?.session ?? 0, session?.incarnation ?? 0)
        switch message {
        case .hello: (id, incarnation) = (0, 0)
        case .scores(let name, let batch, let rows): try note(name, batch, rows, id, incarnation)
        case .jobFailed(let name, _, _, _), .leaseReturn(let name): world.reports.insert(name)
        default: break
        }
        world.carry(from: index, toCoordinator: true) { [unowned world, index] in
            world.coordinator.receive(message, from: index, session: id, incarnation: incarnation)
        }
    }

    private func note(
        _ name: LeaseName, _ batch: UInt64, _ rows: [WireRow], _ id: SessionID, _ incarnation: UInt64
    ) throws {
        let examples = rows.map(\.example)
        guard world.batches[name]?[batch] ?? examples == examples else {
            throw Violation("batch \(batch) of \(name.job) changed between two sendings")
        }
        guard disk.contains(where: { $0.lease == name && $0.number == batch }) else {
            throw Violation("batch \(batch) of \(name.job) is neither on disk nor stored, and is sent")
        }
        world.batches[name, default: [:]][batch] = examples
        if id != underWaySession { (underWay, underWaySession) = ([:], id) }
        underWay[name, default: [:]][batch] = UInt64(rows.count * 56)
        let sum = underWay.values.reduce(0) { $0 + $1.values.reduce(0, +) }
        if let window = world.coordinator.window(of: id), sum > max(window, 4 * 56) {
            throw Violation("\(key) has \(sum) bytes under way, but was told no more than \(window)")
        }
        guard world.mutation == .forgetsUnacknowledgedRows else { return }
        whenAwake(boot, after: 0) { [unowned self] in
            try handle(.received(.ack(name, batch: batch), session: id, incarnation: incarnation))
        }
    }

    private func compute(_ name: LeaseName, _ examples: ArraySlice<UInt32>) throws {
        guard let example = examples.first else {
            computing = nil
            return then(after: 0) { [unowned self] in try handle(.finished(name)) }
        }
        computing = (name, example)
        try handle(.began(name, example: example))
        if world.chance(world.faults.hang) { return hang(name, example) }
        then(after: world.span(world.scenario.exampleTime) * scenario.slowness) { [unowned self] in
            guard computing?.lease == name, computing?.example == example else { return }
            if try spoil(name, example) { return }
            let lie = Scenario.lie(scenario.honesty, key, name.job, example) ?? 0
            if scenario.measures {
                let range = world.scenario.exampleTime
                let speed = 100_000 / Double((range.lowerBound + range.upperBound) * scenario.slowness)
                try handle(.measured(WorkerLoad(tokensPerSecond: speed)))
            }
            try handle(.produced(name, rows: [StoreModel.row(name.job, example, plus: lie)]))
            guard computing?.lease == name else { return }
            if isStopping, examples.count > 1 {
                computing = nil
                return try handle(.stopped(name))
            }
            try compute(name, examples.dropFirst())
        }
    }

    /// Whether computing fails, for the example's sake or the worker's.
    private func spoil(_ name: LeaseName, _ example: UInt32) throws -> Bool {
        switch world.scenario.poison[name.job]?[example] {
        case .crash:
            kill()
            world.after(world.span(100...5_000)) { [unowned self] in try start() }
        case .hang: world.reports.insert(name)
        case .failure(let names): try fail(name, .worker, names ? example : nil)
        case .data(let names): try fail(name, .data, names ? example : nil)
        case nil: return try dislike(name, example)
        }
        return true
    }

    private func dislike(_ name: LeaseName, _ example: UInt32) throws -> Bool {
        switch scenario.dislikes {
        case .someJobs where name.job.hasSuffix("1"), .allJobs:
            note(accident: (name, example))
            try fail(name, .worker, nil)
        case .infrastructure where name.job.hasSuffix("1"): try fail(name, .infrastructure, nil)
        default: return false
        }
        return true
    }

    private func hang(_ name: LeaseName, _ example: UInt32) {
        world.say("\(key) hangs at \(example) of \(name.job)")
        note(accident: (name, example))
        world.reports.insert(name)
    }

    private func fail(_ name: LeaseName, _ failure: WireFailureClass, _ example: UInt32?) throws {
        computing = nil
        try handle(.failed(name, failure, detail: "simulated", example: example))
    }

    private func then(after delay: Milliseconds, _ action: @escaping () throws -> Void) {
        whenAwake(boot, after: delay, action)
    }
}
