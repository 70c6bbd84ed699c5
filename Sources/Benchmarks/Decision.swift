/// What a model decided on a document, and by how much.
public struct Decision: Sendable, Equatable {
    /// The chosen request, or nil where there is only one and the question is whether it is greedy.
    public let choice: Int?
    /// Whether the answer is right.
    public let isRight: Bool
    /// How far the decision was from another one.
    ///
    /// For several choices the distance of the two best scores, in nats, or nats per character under acc_norm; ∞ for a
    /// single choice. For a greedy continuation the smallest distance between the two largest logits at its tokens.
    public let margin: Double
    /// The margin below which two correct engines may decide differently, in the margin's own unit.
    public let nearTieBound: Double

    /// How far a float32 score may lie from the exact one: 5e-4 nats on a log-likelihood, the tolerance to which engines
    /// are held against float64 references, and on a logit alike.
    public static let drift = 5e-4

    /// Whether two answers score the same, so that the order of the choices decides.
    public var isTie: Bool { margin == 0 }

    /// Whether the two best answers differ by less than the drift of both, but differ.
    public var isNearTie: Bool { margin < nearTieBound && !isTie }
}

extension BenchmarkName {
    /// The decision that a metric other than perplexity judges.
    ///
    /// `margin` is the smallest top-2 logit distance of a greedy continuation; benchmarks with choices do not read it.
    public func decision(
        by metric: Metric, gold: Int?, outcomes: [ChoiceOutcome], margin: Double
    ) -> Decision {
        precondition(!outcomes.isEmpty, "a document has at least one request")
        guard description.outputType == .multipleChoice else {
            return Decision(
                choice: nil, isRight: outcomes[0].greedy, margin: margin, nearTieBound: 2 * Decision.drift)
        }
        let lengths = outcomes.map { metric == .normalizedAccuracy ? Double($0.characters) : 1 }
        let scores = zip(outcomes, lengths).map { $0.loglikelihood / $1 }
        let best = indexOfMaximum(scores)
        let rivals = scores.indices.filter { $0 != best }
        guard let second = rivals.max(by: { scores[$0] < scores[$1] }) else {
            return Decision(choice: best, isRight: best == gold, margin: .infinity, nearTieBound: 0)
        }
        // Equal infinities are a tie too, though their difference is no number.
        let margin = scores[best] == scores[second] ? 0 : scores[best] - scores[second]
        return Decision(
            choice: best, isRight: best == gold, margin: margin,
            nearTieBound: Decision.drift / lengths[best] + Decision.drift / lengths[second])
    }
}
