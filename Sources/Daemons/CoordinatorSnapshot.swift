import Cluster

/// How a coordinator stands at one moment, without a look at its store.
public struct CoordinatorSnapshot: Sendable {
    /// A connected worker with the names that people know it and its model by.
    public struct Worker: Sendable {
        public let status: WorkerStatus
        /// As the list of keys names it; empty where it does not.
        public let name: String
        /// The id of the model that its last job needed; the first digits of its hash where no job of it was sent.
        public let model: String
    }

    /// The product version.
    public let build: String
    /// The number of this start.
    public let incarnation: UInt64
    /// Oldest session first.
    public let workers: [Worker]
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
            workers: scheduler.workers.map { worker in
                CoordinatorSnapshot.Worker(
                    status: worker, name: allowList[worker.worker]?.name ?? "",
                    model: worker.model.map { modelNames[$0] ?? String($0.prefix(12)) } ?? "")
            },
            runs: scheduler.unfinishedRuns.compactMap { scheduler.progress(of: $0) },
            backlogSeconds: scheduler.backlogSeconds, counters: allCounters)
    }
}
