import Cluster
import ClusterSimulation
import Foundation
import Testing

/// Whole clusters in simulated time. A failure names its seed; `simulate --seed n --trace` tells its story, and
/// `MOLT_SIMULATION_SEEDS=n` runs so many of them here.
struct SimulationTests {
    @Test("whatever fails, every row is stored once and every run ends", arguments: 0..<8)
    func survivesFaults(part: UInt64) throws {
        for seed in 0..<Self.seeds where seed % 8 == part {
            do {
                try Simulation(seed: seed).run()
            } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
        }
    }

    @Test("what was once found stays mended", arguments: RegressionSeeds.all.map(\.seed))
    func staysMended(seed: UInt64) throws {
        try Simulation(seed: seed).run()
    }

    @Test("a broken rule is noticed", arguments: Mutation.allCases)
    func noticesMutation(_ mutation: Mutation) {
        let first = (0..<2_000).lazy.compactMap { seed -> String? in
            do {
                try Simulation(seed: UInt64(seed), mutation: mutation).run()
                return nil
            } catch {
                return "seed \(seed): \(error)"
            }
        }.first
        #expect(
            mutation.symptoms.contains { first?.contains($0) ?? false },
            "2,000 seeds with the mutation \(mutation.rawValue) showed \(first ?? "nothing")")
    }

    @Test("a seed always gives the same history")
    func repeats() throws {
        let traces = try (0..<2).map { _ in
            let simulation = Simulation(seed: 7)
            try simulation.run()
            return simulation.trace
        }
        #expect(traces[0] == traces[1])
    }

    @Test("anything at all may reach a scheduler", arguments: 0..<8)
    func fuzz(part: UInt64) throws {
        var fuzz = SchedulerFuzz(seed: part)
        do {
            try fuzz.run(cases: 20_000)
        } catch {
            Issue.record("seed \(part), event \(fuzz.cases): \(error)")
        }
    }

    private static let seeds =
        ProcessInfo.processInfo.environment["MOLT_SIMULATION_SEEDS"].flatMap(UInt64.init) ?? 1_000
}
