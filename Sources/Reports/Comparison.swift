import Benchmarks
import Statistics

/// One benchmark under two cells, paired document by document: a baseline, and a candidate that is judged against it.
///
/// Documents are joined on the hash of their content, and equal documents of a benchmark in the order in which they
/// occur; only what both cells have scored counts.
public struct Comparison: Sendable {
    /// One of the two cells.
    public struct Side: Sendable, Equatable {
        /// The run that scored it.
        public let run: String
        /// The model's id in that run.
        public let model: String
        /// Of the model's configuration and weights, hexadecimal.
        public let modelSHA256: String
        /// Canonical JSON of the reduction.
        public let reduction: String
        /// The short name of the reduction among its run's.
        public let label: String
        /// The precision of the arithmetic.
        public let precision: String
        /// Of the benchmark's data file, hexadecimal.
        public let dataSHA256: String
        /// Of the tokenizer file, hexadecimal.
        public let tokenizerSHA256: String
        /// The product version that accepted the run.
        public let build: String
        /// The identities (build and arithmetic) of the engines that computed the rows, sorted.
        public let engines: [String]
        /// The achieved reduction of FLOPs without the head, 0…1; nil without rows.
        public let flopsReduction: Double?
        /// Rows stored.
        public let rows: Int
        /// Rows that the manifest asks for.
        public let rowsExpected: Int
        /// Decisions that hang by nothing or by less than the drift of a score, over all stored rows.
        public let ties: Ties

        /// Whether the stored rows equal the manifest.
        public var isComplete: Bool { rows == rowsExpected }
    }

    /// The log-likelihood of the targets on both sides, of a benchmark with a perplexity.
    public struct Perplexities: Sendable, Equatable {
        /// The baseline's perplexity over the paired documents.
        public let baseline: Double
        /// The candidate's.
        public let candidate: Double
        /// The mean difference of log-likelihoods, candidate less baseline, in nats a document; below 0 is worse.
        public let loglikelihood: PairedMean

        /// The candidate's perplexity over the baseline's: exp(−difference).
        public let ratio: Double
        /// The 95 % interval of `ratio`, the image of the difference's.
        public let ratioInterval: ConfidenceInterval?
    }

    /// The benchmark.
    public let benchmark: BenchmarkName
    /// The metric that decides whether a document is answered rightly: the paper's.
    public let metric: Metric
    /// What is compared against.
    public let baseline: Side
    /// What is compared.
    public let candidate: Side
    /// The accuracies of the paired documents; nil without any.
    public let accuracy: PairedAccuracy?
    /// The p-value after Holm's correction over the comparison's family; nil without paired documents.
    public internal(set) var adjustedPValue: Double?
    /// The perplexities, for a benchmark that has one; nil without paired documents.
    public let perplexities: Perplexities?
    /// Stored documents of the baseline that have no partner.
    public let baselineUnpaired: Int
    /// Stored documents of the candidate that have no partner.
    public let candidateUnpaired: Int
    /// The documents that exactly one side answers rightly, in the baseline's order.
    public let flips: [Flip]
    /// Paired documents on which at least one side's two best answers score the same.
    public let ties: Int
    /// Paired documents on which at least one side's two best answers lie within drift of each other, and none's are equal.
    public let nearTies: Int
    /// What a reader must know before he trusts the comparison.
    public let cautions: [ComparisonCaution]

    /// The number of paired documents.
    public var documents: Int { accuracy?.documents ?? 0 }

    /// Whether a side lacks rows of its manifest.
    public var isPartial: Bool { !baseline.isComplete || !candidate.isComplete }

    /// Flips that are not explained by the drift of a score: no side's decision is a tie or near one.
    public var firmFlips: [Flip] { flips.filter { !$0.isNearTie } }
}

/// A document that one side answers rightly and the other does not.
public struct Flip: Sendable, Equatable {
    /// Which way it went.
    public enum Direction: String, Sendable {
        /// The baseline is right, the candidate is not.
        case lost
        /// The candidate is right, the baseline is not.
        case gained
    }

    /// What one side decided.
    public struct Answer: Sendable, Equatable {
        /// The document's 0-based row in the side's data file.
        public let document: Int
        /// The chosen request, and by how much.
        public let decision: Decision
    }

    /// SHA-256 of the document, hexadecimal.
    public let documentHash: String
    /// The right choice, or nil where there is only one.
    public let gold: Int?
    /// Which way it went.
    public let direction: Direction
    /// The baseline's answer.
    public let baseline: Answer
    /// The candidate's answer.
    public let candidate: Answer

    /// Whether either answer is a tie or near one, so that drift alone may have turned it.
    public var isNearTie: Bool {
        [baseline, candidate].contains { $0.decision.isTie || $0.decision.isNearTie }
    }
}

/// The documents of a cell whose decision, under the paper's metric, hangs by nothing or by less than a score's drift.
public struct Ties: Sendable, Equatable {
    /// Documents whose two best answers score the same; ascending.
    public let tied: [Int]
    /// Documents whose two best answers lie within drift of each other (``Decision/drift``), but differ; ascending.
    public let nearlyTied: [Int]
}

/// Comparisons that answer one question together; Holm's correction runs over all of them that have paired documents.
///
/// A family is one section of a report, one model and one precision, over all benchmarks and candidates.
public struct ComparisonFamily: Sendable {
    /// The question.
    public enum Question: String, Sendable, CaseIterable {
        /// Every reduction against the unreduced model.
        case baseline
        /// Every method against the controls that drop as much in the same places without reading the content.
        case controls
        /// A method as the paper has it against what the published code does.
        case variants
        /// Two runs, or two reductions that the user named.
        case chosen
    }

    /// The question that the family answers.
    public let question: Question
    /// The question in words, with the model and the precision.
    public let title: String
    /// What the candidates are compared against, in words.
    public let baselineDescription: String
    /// The comparisons, by candidate, baseline and benchmark in the manifest's order.
    public let comparisons: [Comparison]

    /// A family over comparisons, whose p-values it corrects.
    init(question: Question, title: String, baselineDescription: String, comparisons: [Comparison]) {
        self.question = question
        self.title = title
        self.baselineDescription = baselineDescription
        let tested = comparisons.indices.filter { comparisons[$0].accuracy != nil }
        let adjusted = Holm.adjusted(tested.compactMap { comparisons[$0].accuracy?.pValue })
        var corrected = comparisons
        for (place, value) in zip(tested, adjusted) { corrected[place].adjustedPValue = value }
        self.comparisons = corrected
    }

    /// The number of tests that Holm's correction runs over.
    public var tests: Int { comparisons.filter { $0.accuracy != nil }.count }
}
