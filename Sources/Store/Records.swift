import Cluster

/// A run as the store knows it.
public struct RunRecord: Sendable, Equatable {
    public let run: RunID
    public let name: String
    /// The job file as canonical JSON.
    public let job: String
    /// The product version that accepted the run.
    public let build: String
    /// Higher goes first.
    public let priority: Int
    public let state: RunState
    /// Wall clock, seconds since 1970.
    public let created: Double
    public let finished: Double?
    public let rows: Int
    public let rowsExpected: Int
    /// Examples without a row that were given up, by name.
    public let failures: Int
}

/// A cell with the part of its manifest that is stored.
public struct CellRecord: Sendable, Equatable {
    /// The store's number of the cell.
    public let id: Int64
    /// The cell's place in its run, from 0.
    public let ordinal: Int
    public let model: String
    /// Canonical JSON of the reduction.
    public let reduction: String
    public let benchmark: String
    /// Canonical JSON of what the cell measures; nil of one that scores.
    public let measure: String?
    public let precision: String
    public let rows: Int
    public let rowsExpected: Int
    /// Rows stored whose choice was right: a running accuracy for displays.
    public let correct: Int

    /// Whether the stored rows equal the manifest.
    public var isComplete: Bool { rows == rowsExpected }
}

/// The benchmark of a run, without its documents.
public struct BenchmarkRecord: Sendable, Equatable {
    public let id: Int64
    public let name: String
    public let data: String
    public let dataSHA256: String
    public let tokenizerSHA256: String
    /// Documents in the data file.
    public let documents: Int
    public let limit: Int?
    /// Documents in the manifest.
    public let examples: Int
    /// Canonical JSON of what is measured; nil of a benchmark.
    public let measure: String?
}

/// A document of the manifest.
public struct DocumentRecord: Sendable, Equatable {
    public let index: Int
    /// JSON text as lm-evaluation-harness sees it.
    public let document: String
    /// The harness's `doc_hash`.
    public let documentHash: String
    public let target: String
    public let gold: Int?
    public let prompts: [ManifestExample.Prompt]
    public let tokens: Int
}

/// A stored result of one example.
public struct ScoreRecord: Sendable {
    public let example: Int
    public let choices: [ChoiceScore]
    public let tokens: Int
    /// NaN where the worker sent NaN.
    public let flopsReduction: Double
    public let flopsReductionWithHead: Double
    public let job: JobID
    public let epoch: UInt64
    /// Who computed it; of a row that was taken over from another run, that run.
    public let worker: WorkerKey
    /// Device and kernels.
    public let engine: String
    /// The build that computed it.
    public let build: String
    /// Build and arithmetic: equal for engines that give equal bits.
    public let identity: EngineIdentity
    /// SHA-256 of the row's canonical bytes.
    public let digest: [UInt8]
}

/// The score of one continuation, as exact as it was sent.
public struct ChoiceScore: Sendable {
    /// In nats, summed over the continuation's scored tokens.
    public let loglikelihood: Double
    public let greedy: Bool
    public let tokens: Int
    /// The smallest distance between the two largest logits over the scored rows.
    public let margin: Float
}

/// A result that contradicts a stored one.
public struct DisagreementRecord: Sendable {
    public let cell: Int64
    public let example: Int
    public let job: JobID
    public let epoch: UInt64
    public let worker: WorkerKey
    public let engine: String
    public let choices: [ChoiceScore]
    public let digest: [UInt8]
}

/// Examples of a job that were given up for one reason and have no row.
public struct FailureRecord: Sendable, Equatable {
    public let job: JobID
    public let cell: Int
    public let model: String
    public let benchmark: String
    public let examples: [Int]
    public let detail: String
}

/// A row that was refuted, or computed by a worker whose key was revoked: no longer counted.
public struct WithdrawnRecord: Sendable {
    public let cell: Int64
    public let example: Int
    public let job: JobID
    public let epoch: UInt64
    /// Who computed it.
    public let worker: WorkerKey
    public let choices: [ChoiceScore]
    public let digest: [UInt8]
    /// Wall clock, seconds since 1970.
    public let at: Double
    /// Why.
    public let detail: String
}

/// A worker whose key is refused for ever.
public struct RevocationRecord: Sendable, Equatable {
    public let worker: WorkerKey
    /// Wall clock, seconds since 1970.
    public let at: Double
    public let detail: String
}

/// Rows of a run that a worker computed before its key was revoked, after the run was over.
public struct TaintedRows: Sendable, Equatable {
    public let worker: WorkerKey
    /// Why it was revoked.
    public let detail: String
    public let rows: Int

    public init(worker: WorkerKey, detail: String, rows: Int) {
        self.worker = worker
        self.detail = detail
        self.rows = rows
    }
}

/// Something that happened, for people.
public struct EventRecord: Sendable, Equatable {
    /// Rises with every event of a store.
    public let id: Int64
    /// Wall clock, seconds since 1970.
    public let at: Double
    public let run: RunID?
    public let kind: String
    public let detail: String
}
