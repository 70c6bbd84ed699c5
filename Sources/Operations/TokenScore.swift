/// How one row of the head's output rates one target token.
public struct TokenScore: Sendable, Equatable {
    /// log softmax over all rows of the embedding, padding rows included, at the target; in nats.
    public var logProbability: Double
    /// Whether the target has the largest logit; the lowest token id wins a tie.
    public var isGreedy: Bool
    /// The largest logit minus the second largest: how near the greedy choice is to a tie.
    public var margin: Float

    public init(logProbability: Double, isGreedy: Bool, margin: Float) {
        self.logProbability = logProbability
        self.isGreedy = isGreedy
        self.margin = margin
    }
}
