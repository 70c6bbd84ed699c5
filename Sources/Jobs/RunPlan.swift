import Benchmarks
import Foundation
import Mamba
import ModelFiles

/// A job whose models, rows and tokenizer were found: everything that a run needs, decided before its first score.
public struct RunPlan: Sendable {
    public let job: JobFile
    /// In the job's order.
    public let models: [PlannedModel]
    public let benchmarks: [PlannedBenchmark]
    /// Instead of benchmarks.
    public let measures: [Measure]
    /// Of the tokenizer's file, hexadecimal; that of nothing where nothing is read.
    public let tokenizerSHA256: String
    /// Models × their reductions × benchmarks or measures, in that order.
    public let cells: [PlannedCell]
}

/// A checkpoint that was opened and checked.
public struct PlannedModel: Sendable {
    public let id: String
    /// Nil for random weights, which are drawn where they are needed.
    public let path: URL?
    public let configuration: ModelConfiguration
    public let summary: CheckpointSummary
}

/// A benchmark's rows, read and encoded.
public struct PlannedBenchmark: Sendable {
    public let rows: LocatedRows
    /// Of the data file's bytes, and of the label file's where there is one; hexadecimal.
    public let dataSHA256: String
    /// Documents in the file; more than `examples` under a limit.
    public let documentCount: Int
    public let examples: [PlannedExample]

    /// Input tokens of all requests together, before any sharing.
    public var tokens: Int { examples.reduce(0) { $0 + $1.tokens } }
}

/// A document with its requests in token ids.
public struct PlannedExample: Sendable {
    public let document: Document
    public let requests: [EncodedRequest]

    /// Input tokens of all requests together, before any sharing.
    public var tokens: Int { requests.reduce(0) { $0 + $1.context.count + $1.continuation.count - 1 } }
}

/// One model under one reduction on one benchmark, or measured in one way.
public struct PlannedCell: Sendable {
    /// Places in the plan's `models` and `benchmarks`, or `measures`.
    public let model: Int
    public let benchmark: Int
    public let reduction: Reduction
    /// What the cell costs, by the count of its products and scans.
    public let flops: Double
    /// The cell's examples in parts that one job computes.
    public let shards: [PlannedShard]
}

/// Consecutive examples of a cell.
public struct PlannedShard: Sendable {
    /// Places in the benchmark's `examples`; a measure has one.
    public let examples: Range<Int>
    public let tokens: Int
}
