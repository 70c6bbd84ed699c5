/// The token that a greedy decoder takes after a row.
public struct TokenChoice: Sendable, Equatable {
    /// The token with the largest logit; the lowest id wins a tie.
    public var token: Int32
    /// Its log softmax over all rows of the embedding, padding rows included; in nats.
    public var logProbability: Double
    /// The largest logit minus the second largest.
    public var margin: Float

    public init(token: Int32, logProbability: Double, margin: Float) {
        self.token = token
        self.logProbability = logProbability
        self.margin = margin
    }
}
