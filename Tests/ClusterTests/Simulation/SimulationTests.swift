import Cluster
import Foundation
import Testing

/// Whole clusters in simulated time. A failure names its seed; `MOLT_SIMULATION_SEED=n` runs that one alone, and
/// `MOLT_SIMULATION_SEEDS=n` so many of them.
struct SimulationTests {
    @Test("whatever fails, every row is stored once and every run ends", arguments: 0..<8)
    func survivesFaults(part: UInt64) throws {
        for seed in Self.seeds where seed % 8 == part {
            do {
                try Simulation(seed: seed).run()
            } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
        }
    }

    @Test("a broken rule is noticed", arguments: Mutation.allCases)
    func noticesMutation(_ mutation: Mutation) {
        let first = (0..<1000).lazy.compactMap { seed -> String? in
            do {
                try Simulation(seed: UInt64(seed), mutation: mutation).run()
                return nil
            } catch {
                return "seed \(seed): \(error)"
            }
        }.first
        #expect(
            mutation.symptoms.contains { first?.contains($0) ?? false },
            "1,000 seeds with the mutation \(mutation.rawValue) showed \(first ?? "nothing")")
    }

    @Test("a seed always gives the same history")
    func repeats() throws {
        let traces = try (0..<2).map { _ in
            let simulation = Simulation(seed: 7)
            try simulation.run()
            return simulation.world.trace
        }
        #expect(traces[0] == traces[1])
    }

    private static let seeds: Range<UInt64> = {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["MOLT_SIMULATION_SEED"].flatMap(UInt64.init) { return seed..<seed + 1 }
        return 0..<(environment["MOLT_SIMULATION_SEEDS"].flatMap(UInt64.init) ?? 400)
    }()
}

/// Two phases: safety while everything fails, then liveness once it is healed.
struct Simulation {
    let world: World

    init(seed: UInt64, mutation: Mutation? = nil) { world = World(seed: seed, mutation: mutation) }

    func run() throws {
        world.faults = .init(
            loss: world.chance(0.5) ? Double.random(in: 0...0.3, using: &world.random) : 0,
            duplication: world.chance(0.5) ? Double.random(in: 0...0.5, using: &world.random) : 0,
            delay: [5, 50, 500, 5_000].randomElement(using: &world.random) ?? 50,
            turnCrash: world.chance(0.5) ? 0.003 : 0, hang: world.chance(0.3) ? 0.003 : 0)
        world.coordinator.start()
        for worker in world.workers {
            world.after(world.span(1...10_000)) { try worker.start() }
        }
        let end = Instant(milliseconds: world.span(5_000...120_000))
        scheduleFaults(until: end)
        try world.run(until: end)
        try heal()
    }

    private func scheduleFaults(until end: Instant) {
        let world = world
        guard world.now < end else { return }
        world.after(world.span(100...15_000)) {
            if world.now < end { try strike() }
            scheduleFaults(until: end)
        }
    }

    private func strike() throws {
        let world = world
        guard let worker = world.workers.randomElement(using: &world.random) else { return }
        switch Int.random(in: 0...7, using: &world.random) {
        case 0, 1:
            worker.kill()
            world.after(world.span(100...20_000)) { try worker.start() }
        case 2: worker.pause(world.span(500...30_000))
        case 3:
            world.cuts[worker.index] = (world.chance(0.7), world.chance(0.7))
            world.after(world.span(500...40_000)) { world.cuts[worker.index] = nil }
        case 4:
            world.coordinator.kill()
            world.after(world.span(100...20_000)) { world.coordinator.start() }
        case 5: world.coordinator.pausedUntil = world.now + world.span(500...25_000)
        case 6: try worker.shutDown()
        default:
            guard world.chance(0.1), let run = world.store.runs.randomElement(using: &world.random)?.id else { return }
            world.cancelled.insert(run)
            world.coordinator.take(.cancel(run))
        }
    }

    private func heal() throws {
        let world = world
        world.faults = .init()
        world.cuts = [:]
        world.coordinator.pausedUntil = world.now
        world.coordinator.start()
        for worker in world.workers {
            worker.resume()
            try worker.start()
        }
        try world.run(until: world.now + 900_000) { world.store.runs.allSatisfy { $0.state != .running } }
        for run in world.store.runs {
            guard run.state != .running else { throw Violation("\(run.id) did not end in 900 s after healing") }
            if run.state == .cancelled, !world.cancelled.contains(run.id) { throw Violation("\(run.id) cancelled") }
            guard run.state != .cancelled else { continue }
            for job in run.jobs.compactMap({ world.store.jobs[$0] }) {
                let mayFail = world.dataPoison.contains(job.description.id) || job.failures.count == 3
                guard job.state == .done || mayFail else {
                    throw Violation("\(job.description.id) ended as \(job.state) for no reason")
                }
            }
        }
    }
}
