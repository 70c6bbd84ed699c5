import Cluster

/// A run without what has to be counted.
public struct RunHead: Sendable, Equatable {
    public let run: RunID
    public let name: String
    /// The product version that accepted the run.
    public let build: String
    /// Higher goes first.
    public let priority: Int
    public let state: RunState
    /// Wall clock, seconds since 1970.
    public let created: Double
    public let finished: Double?
    /// How many it has.
    public let cells: Int
    /// Examples without a row that were given up, by name.
    public let failures: Int
}

/// A cell without what has to be counted.
public struct CellHead: Sendable, Equatable {
    /// The store's number of the cell.
    public let id: Int64
    /// The cell's place in its run, from 0.
    public let ordinal: Int
    public let model: String
    /// Canonical JSON of the reduction.
    public let reduction: String
    public let benchmark: String
    public let precision: String
    /// The store's number of the benchmark.
    public let benchmarkID: Int64
}

/// A stored row with what is needed to judge it.
public struct ScoredExample: Sendable {
    /// The document's index.
    public let example: Int
    public let choices: [ChoiceScore]
    /// Of the cell that it is compared with, where that has the row.
    public let otherChoices: [ChoiceScore]?
    public let gold: Int?
    /// Lengths of the choices, by which log-likelihoods are normalised.
    public let characters: [Int]
    public let bytes: [Int]
    /// Whether a second result differs from the stored one.
    public let disagrees: Bool
}

/// The stored row of one example.
public struct ExampleScore: Sendable {
    public let choices: [ChoiceScore]
    public let tokens: Int
    /// nil where it is not a number.
    public let flopsReduction: Double?
    /// Who computed it; of a row that was taken over from another run, that run.
    public let worker: WorkerKey
    /// Device and kernels.
    public let engine: String
}
