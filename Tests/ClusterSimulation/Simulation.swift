import Cluster

/// A whole cluster under a seed's faults. Two phases: safety while everything fails, then liveness once it is healed.
public struct Simulation {
    private let world: World

    /// A cluster that the seed decides, all of it.
    ///
    /// - Parameters:
    ///   - mutation: a rule to break.
    ///   - log: told of everything that happens, with its milliseconds in front.
    public init(seed: UInt64, mutation: Mutation? = nil, log: ((String) -> Void)? = nil) {
        world = World(seed: seed, mutation: mutation, log: log)
    }

    /// Stands for everything that happened: equal seeds give equal traces.
    public var trace: UInt64 { world.trace }

    /// Lets everything happen; throws the first `Violation`.
    public func run() throws {
        world.coordinator.start()
        for worker in world.workers {
            var isColluder = false
            if case .colluder = world.scenario.workers[worker.index].honesty { isColluder = true }
            // Two of three could have anyone revoked, so the honest ones are there first.
            world.after(world.span(1...10_000) + (isColluder ? 12_000 : 0)) { try worker.start() }
        }
        let end = Instant(milliseconds: world.scenario.stormEnds)
        strikeAgain(until: end)
        try world.run(until: end)
        try heal()
    }

    private func strikeAgain(until end: Instant) {
        guard world.now < end else { return }
        world.after(world.span(100...12_000)) {
            if world.now < end { try strike() }
            strikeAgain(until: end)
        }
    }

    private func strike() throws {
        guard let worker = world.workers.randomElement(using: &world.random) else { return }
        switch Int.random(in: 0...13, using: &world.random) {
        case 0, 1: kill(worker)
        case 2: worker.pause(world.span(500...30_000), suspends: world.chance(0.5))
        case 3, 4: cut(worker)
        case 5: flap(worker, times: 10)
        case 6, 7:
            world.coordinator.kill()
            world.after(world.span(100...20_000)) { world.coordinator.start() }
        case 8: world.coordinator.pause(world.span(500...25_000), suspends: world.chance(0.5))
        case 9: try worker.shutDown()
        case 10 where world.chance(0.3):
            // All of them go, and come back one by one.
            for worker in world.workers { kill(worker) }
        case 11 where world.chance(0.3) && world.scenario.workers[worker.index].dislikes == nil:
            worker.upgrade(to: "2")
            world.after(world.span(100...5_000)) { try worker.start() }
        case 12 where world.chance(0.3): cancelOrResume()
        default: break
        }
    }

    private func kill(_ worker: WorkerModel) {
        worker.kill()
        world.after(world.span(100...20_000)) { try worker.start() }
    }

    private func cut(_ worker: WorkerModel) {
        world.cuts[worker.index] = (world.chance(0.7), world.chance(0.7))
        world.after(world.span(500...40_000)) { world.cuts[worker.index] = nil }
    }

    /// A connection that comes and goes every second.
    private func flap(_ worker: WorkerModel, times: Int) {
        world.cuts[worker.index] = times % 2 == 0 ? (true, true) : nil
        guard times > 0 else {
            world.cuts[worker.index] = nil
            return
        }
        world.after(1_000) { flap(worker, times: times - 1) }
    }

    private func cancelOrResume() {
        guard let run = world.store.runs.randomElement(using: &world.random) else { return }
        if run.state == .running {
            world.cancelled.insert(run.id)
            world.coordinator.take(.cancel(run.id))
        } else if world.coordinator.scheduler != nil, let description = world.store.resume(run.id) {
            world.say("resume \(run.id)")
            world.coordinator.take(.submitted(description))
        }
    }

    /// Runs wait for the engine that they began with: now and then a worker becomes what a run waits for.
    private func bringAwaitedEngines() {
        world.after(200_000) {
            let awaited = world.store.runs.filter { $0.state == .running }
                .compactMap { world.coordinator.scheduler?.progress(of: $0.id)?.awaitedEngines.first }
            for engine in awaited.prefix(1) {
                let able = world.workers.filter { engine.hasSuffix(" \($0.engine.arithmetic)") }
                let good = able.filter { world.scenario.workers[$0.index].dislikes == nil }
                guard let worker = (good.isEmpty ? able : good).randomElement(using: &world.random) else { continue }
                worker.upgrade(to: String(engine.prefix(1)))
                try worker.start()
            }
            bringAwaitedEngines()
        }
    }

    private func heal() throws {
        world.say("all is healed")
        world.faults = .init()
        world.cuts = [:]
        world.coordinator.resume()
        world.coordinator.start()
        for worker in world.workers {
            worker.resume()
            if worker.engine != world.scenario.workers[worker.index].engine {
                worker.upgrade(to: world.scenario.workers[worker.index].engine.build)
            }
            try worker.start()
        }
        bringAwaitedEngines()
        try world.run(until: world.now + 3_600_000) { world.store.runs.allSatisfy { $0.state != .running } }
        for run in world.store.runs {
            guard run.state != .running else { throw Violation("\(run.id) did not end in an hour after healing") }
            if run.state == .cancelled, !world.cancelled.contains(run.id) { throw Violation("\(run.id) cancelled") }
            try world.store.verify(run.id, accidents: world.accidents)
        }
    }
}
