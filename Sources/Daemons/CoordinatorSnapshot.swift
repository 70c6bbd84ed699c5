import Cluster
import Wire

/// How a coordinator stands at one moment, without a look at its store.
public struct CoordinatorSnapshot: Sendable {
    /// The product version.
    public let build: String
    /// The number of this start.
    public let incarnation: UInt64
    /// Oldest session first, as STATUS tells of them.
    public let workers: [WireStatus.Worker]
    /// The runs that are not over.
    public let runs: [RunProgress]
    /// Seconds that the active workers together need for what is left; nil while unknown.
    public let backlogSeconds: Double?
    /// Everything that is counted since the start, in a fixed order.
    public let counters: [(name: String, value: UInt64)]
}

extension CoordinatorService {
    /// How the coordinator stands between two turns of its loop, which it does not hold up.
    public func snapshot() async throws -> CoordinatorSnapshot { try await ask { $0.snapshot } }
}

extension CoordinatorLoop {
    var snapshot: CoordinatorSnapshot {
        CoordinatorSnapshot(
            build: Build.name, incarnation: scheduler.incarnation,
            workers: workerAnswers,
            runs: scheduler.unfinishedRuns.compactMap { scheduler.progress(of: $0) },
            backlogSeconds: scheduler.backlogSeconds, counters: allCounters)
    }
}
