import Cluster

/// How long a run takes on workers that differ in speed, when nothing goes wrong.
public struct Makespan: Sendable {
    /// From the first grant's moment to the end of the run.
    public let milliseconds: Milliseconds
    /// What it would take if all were busy to the end.
    public let ideal: Double
    public let rows: UInt64
    /// What the scheduler did.
    public let counters: Counters

    /// Lets a run of equal jobs go to its end.
    ///
    /// - Parameters:
    ///   - slowness: how many times longer each worker takes for an example than half a second.
    ///   - measures: whether the workers tell their speed.
    public init(slowness: [UInt64], jobs: Int, examples: UInt32, measures: Bool) throws {
        let descriptions = (0..<jobs).map { index in
            JobDescription(
                id: "job\(index)", cell: "cell", model: "model", examples: Array(0..<examples),
                estimatedTokens: UInt64(examples) * 50)
        }
        let scenario = Scenario(slowness: slowness, jobs: descriptions, measures: measures)
        let world = World(scenario, Generator(seed: 1))
        for worker in world.workers { try worker.start() }
        world.coordinator.start()
        try world.run(until: Instant(milliseconds: 86_400_000)) { world.store.state(of: "run") != .running }
        guard world.store.state(of: "run") == .complete else { throw Violation("the run did not end in a day") }
        milliseconds = world.now.milliseconds
        rows = UInt64(jobs) * UInt64(examples)
        ideal = Double(rows) * 500 / slowness.reduce(0) { $0 + 1 / Double($1) }
        counters = world.coordinator.scheduler?.counters ?? Counters()
    }
}
