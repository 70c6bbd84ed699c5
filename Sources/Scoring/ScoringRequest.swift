/// One context and the continuations that are rated after it, as token ids.
public struct ScoringRequest: Codable, Sendable, Equatable {
    public var id: String
    /// At least one token.
    public var context: [Int32]
    /// Each at least one token.
    public var continuations: [[Int32]]

    /// The longest input of the published models' evaluation, in tokens: what precedes is cut off.
    public static let maximumInput = 2048

    public init(id: String, context: [Int32], continuations: [[Int32]]) {
        self.id = id
        self.context = context
        self.continuations = continuations
    }
}

/// The scores of a request's continuations, in its order.
public struct ScoringAnswer: Codable, Sendable, Equatable {
    public var id: String
    public var scores: [ContinuationScore]
}

/// How a model, under a token reduction, rates one continuation.
public struct ContinuationScore: Codable, Sendable, Equatable {
    /// Σ log softmax at the scored tokens, in nats.
    public var loglikelihood: Double
    /// The summands. Under `scope: sequence`, `align: position` only tokens whose row survived have one.
    public var perToken: [Double]
    /// Whether the largest logit agrees at every scored token.
    public var greedy: Bool
    /// The original indices of the input rows that survive every reduction; in context scope, of the prefix
    /// context[:-1].
    public var positions: [Int]
    /// The smallest distance between the two largest logits over the scored rows.
    public var margin: Float
    /// The share of the layers' work that the reduction saved on this sequence, 0…1, without the head.
    public var flopsReduction: Double
    /// The same with a head that rates every surviving row.
    public var flopsReductionWithHead: Double
    /// Tokens of the input sequence, after truncation.
    public var inputTokens: Int

    enum CodingKeys: String, CodingKey {
        case loglikelihood
        case perToken = "per_token"
        case greedy
        case positions
        case margin
        case flopsReduction = "flops_reduction"
        case flopsReductionWithHead = "flops_reduction_with_head"
        case inputTokens = "input_tokens"
    }
}

/// A request that cannot be scored.
public enum ScoringError: Error, Equatable, CustomStringConvertible {
    case emptyContext(request: String)
    case emptyContinuation(request: String, index: Int)
    case continuationTooLong(request: String, index: Int, tokens: Int, limit: Int)
    case unknownToken(request: String, token: Int32, vocabulary: Int)

    public var description: String {
        switch self {
        case .emptyContext(let request):
            "request '\(request)': the context is empty; give it at least one token (the end-of-text token starts a text)"
        case .emptyContinuation(let request, let index):
            "request '\(request)': continuation \(index) is empty; there is nothing to rate"
        case .continuationTooLong(let request, let index, let tokens, let limit):
            "request '\(request)': continuation \(index) has \(tokens) tokens; at most \(limit) can be rated"
        case .unknownToken(let request, let token, let vocabulary):
            """
            request '\(request)': token \(token) is outside the model's embedding of \(vocabulary) rows; \
            is this the model's tokenizer?
            """
        }
    }
}
