/// What a model made of one request.
public struct ChoiceOutcome: Sendable, Equatable {
    /// The sum of the continuation's log-probabilities, in nats.
    public let loglikelihood: Double
    /// Whether every token of the continuation was the likeliest.
    public let greedy: Bool
    /// The length of the choice in Unicode code points, without the space before it.
    public let characters: Int
    /// The length of the choice in bytes of UTF-8, without the space before it.
    public let bytes: Int

    /// An outcome from its parts.
    public init(loglikelihood: Double, greedy: Bool, characters: Int, bytes: Int) {
        self.loglikelihood = loglikelihood
        self.greedy = greedy
        self.characters = characters
        self.bytes = bytes
    }

    /// The outcome of a request, which gives the lengths.
    public init(_ request: Request, loglikelihood: Double, greedy: Bool) {
        self.init(
            loglikelihood: loglikelihood, greedy: greedy, characters: request.choiceCharacters,
            bytes: request.choiceBytes)
    }
}

/// The metrics of one document.
public struct DocumentMetrics: Sendable, Equatable {
    /// 1 when the answer is right, else 0.
    public let acc: Double
    /// The same by log-likelihood per character, where the benchmark has it.
    public let accNorm: Double?
    /// The log-likelihood that perplexity is made of, where the benchmark has it.
    public let loglikelihood: Double?

    /// Metrics from their parts.
    public init(acc: Double, accNorm: Double? = nil, loglikelihood: Double? = nil) {
        self.acc = acc
        self.accNorm = accNorm
        self.loglikelihood = loglikelihood
    }

    /// The value that goes into a metric's aggregate.
    public subscript(metric: Metric) -> Double? {
        switch metric {
        case .accuracy: acc
        case .normalizedAccuracy: accNorm
        case .perplexity: loglikelihood
        }
    }
}

extension BenchmarkName {
    /// The metrics of a document with the given gold index, from the outcomes of its requests in order.
    public func metrics(gold: Int?, outcomes: [ChoiceOutcome]) -> DocumentMetrics {
        precondition(!outcomes.isEmpty, "a document has at least one request")
        guard description.outputType == .multipleChoice else {
            return DocumentMetrics(acc: outcomes[0].greedy ? 1 : 0, loglikelihood: outcomes[0].loglikelihood)
        }
        let likeliest = indexOfMaximum(outcomes.map(\.loglikelihood))
        let likeliestPerCharacter = indexOfMaximum(outcomes.map { $0.loglikelihood / Double($0.characters) })
        let hasNormalized = description.metrics.contains(.normalizedAccuracy)
        return DocumentMetrics(
            acc: likeliest == gold ? 1 : 0, accNorm: hasNormalized ? (likeliestPerCharacter == gold ? 1 : 0) : nil)
    }
}

/// The first index of the largest value; like NumPy's `argmax`, a NaN counts as the largest.
func indexOfMaximum(_ values: [Double]) -> Int {
    var best = 0
    for index in values.indices.dropFirst() where !values[best].isNaN {
        if values[index] > values[best] || values[index].isNaN { best = index }
    }
    return best
}
