import Cluster

/// What a starting coordinator must know to go on where the last one stopped.
public struct Recovery: Sendable, Equatable {
    /// This start's number.
    public let incarnation: UInt64
    /// Runs that have not ended, oldest first, with their jobs that are not over.
    public let runs: [RunDescription]
    /// The keys that were ever revoked.
    public let revoked: Set<WorkerKey>
}

/// How the examples of a job are computed.
public struct JobOrder: Sendable, Equatable {
    public let run: RunID
    /// The cell's place in its run.
    public let cell: Int
    public let model: ManifestModel
    /// Canonical JSON of the reduction.
    public let reduction: String
    public let benchmark: String
    public let precision: String
}
