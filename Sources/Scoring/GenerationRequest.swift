/// A prompt and how far to go on from it, as token ids.
public struct GenerationRequest: Codable, Sendable, Equatable {
    public var id: String
    /// The prompt, at least one token.
    public var tokens: [Int32]
    /// At most so many tokens are generated; nil leaves it to the caller.
    public var maxNewTokens: Int?

    public init(id: String, tokens: [Int32], maxNewTokens: Int? = nil) {
        self.id = id
        self.tokens = tokens
        self.maxNewTokens = maxNewTokens
    }

    enum CodingKeys: String, CodingKey {
        case id, tokens
        case maxNewTokens = "max_new_tokens"
    }
}

/// What a model went on with.
public struct GenerationAnswer: Codable, Sendable, Equatable {
    public var id: String
    /// The tokens, a stop token included.
    public var tokens: [Int32]
    /// Of each token, its log softmax in nats.
    public var logProbabilities: [Double]
    /// The original indices of the prompt's rows that survive every reduction, the last token's aside.
    public var positions: [Int]

    enum CodingKeys: String, CodingKey {
        case id, tokens, positions
        case logProbabilities = "log_probabilities"
    }
}

/// How far a generation goes, and how many sequences are generated together.
public struct GenerationLimits: Sendable, Equatable {
    /// The most tokens for a request that says nothing of it.
    public var newTokens: Int
    /// The most sequences that are generated together; the tokens do not depend on it.
    public var batch: Int
    /// A token that ends a sequence once it is generated.
    public var stop: Int32?

    public init(newTokens: Int, batch: Int = .max, stop: Int32? = nil) {
        self.newTokens = newTokens
        self.batch = batch
        self.stop = stop
    }
}

/// How long a generation took.
public struct GenerationTimes: Sendable {
    /// Tokens of the prompts that were read before the first step.
    public var promptTokens = 0
    /// Seconds that this took.
    public var promptSeconds = 0.0
    /// Tokens that were generated.
    public var newTokens = 0
    /// Steps that this took; a step gives every sequence of a batch its next token.
    public var steps = 0
    /// Seconds that the steps took.
    public var stepSeconds = 0.0

    public init() {}
}

/// A prompt that cannot be gone on from.
public enum GenerationError: Error, Equatable, CustomStringConvertible {
    case emptyPrompt(request: String)
    case unknownToken(request: String, token: Int32, vocabulary: Int)
    case notPositive(request: String, count: Int)

    public var description: String {
        switch self {
        case .emptyPrompt(let request):
            "request '\(request)': the prompt is empty; give it at least one token (the end-of-text token starts a text)"
        case .unknownToken(let request, let token, let vocabulary):
            """
            request '\(request)': token \(token) is outside the model's embedding of \(vocabulary) rows; \
            is this the model's tokenizer?
            """
        case .notPositive(let request, let count):
            "request '\(request)': max_new_tokens is \(count); ask for at least 1, or leave it out"
        }
    }
}
