/// A number reported for a benchmark; the raw value is its name in tables and exports.
public enum Metric: String, CaseIterable, Codable, Sendable, Hashable {
    /// The share of documents whose likeliest choice (or greedy continuation) is right.
    case accuracy = "acc"
    /// The same with each log-likelihood divided by its choice's length in Unicode code points.
    case normalizedAccuracy = "acc_norm"
    /// exp(−mean log-likelihood of the target); per document, not per token.
    case perplexity

    /// Whether a larger value is a better one.
    public var isHigherBetter: Bool { self != .perplexity }
}

/// What tables, exports and messages say about a benchmark.
public struct BenchmarkDescription: Sendable, Equatable {
    /// How the model is asked, in lm-evaluation-harness's words.
    public enum OutputType: String, Sendable, Codable {
        /// One continuation a document.
        case loglikelihood
        /// Several continuations, or several contexts, of which one is right.
        case multipleChoice = "multiple_choice"
    }

    /// The name for people, as in "ARC-Challenge".
    public let title: String
    /// The version of the task in lm-evaluation-harness.
    public let version: Double
    /// How the model is asked.
    public let outputType: OutputType
    /// The metrics, in the order of lm-evaluation-harness's tables.
    public let metrics: [Metric]
    /// The metric that the paper's table takes.
    public let paperMetric: Metric
    /// The split that is scored.
    public let split: String
    /// The number of rows in the published split.
    public let publishedCount: Int
    /// The data set's name on the Hugging Face hub, as lm-evaluation-harness loads it.
    public let hubDataset: String
    /// The data set's configuration on the hub, where there are several.
    public let hubConfiguration: String?
    /// The hub's columns, in its order: the shape of `doc` in lm-evaluation-harness.
    public let hubColumns: [String]
    /// Where a user gets the rows, and in which files.
    public let origin: String
}
