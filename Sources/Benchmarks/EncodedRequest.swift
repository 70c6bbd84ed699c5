import Tokenizer

/// A request in token ids, whole: whoever scores it keeps as much of its end as the model takes.
public struct EncodedRequest: Sendable, Equatable {
    /// The tokens that the model has read; at least one.
    public let context: [Int32]
    /// The tokens that are scored; at least one.
    public let continuation: [Int32]

    /// The id of `<|endoftext|>`, which stands for an empty context.
    public static let endOfText: Int32 = 0

    /// An encoded request from its parts.
    public init(context: [Int32], continuation: [Int32]) {
        self.context = context
        self.continuation = continuation
    }
}

/// A request whose continuation has no token of its own.
public struct UnscorableRequest: Error, CustomStringConvertible, Equatable, Sendable {
    /// The document's row.
    public let document: Int
    /// The request's index in the document.
    public let request: Int

    /// Which request it is, and what to do about it.
    public var description: String {
        "document \(document), request \(request): the continuation has no token of its own after its context;"
            + " correct the row or leave it out"
    }
}

extension Document {
    /// The requests in token ids.
    ///
    /// White space at the end of a context moves to its continuation; the continuation's tokens are those of the
    /// joined text beyond the number of tokens of the context alone, for tokens may merge over the boundary.
    public func encodedRequests(with tokenizer: BytePairTokenizer) throws -> [EncodedRequest] {
        var previous: (text: String, tokens: [Int32]) = ("", [])
        return try requests.enumerated().map { index, request in
            let context = request.context.withoutTrailingWhitespace
            if !sameScalars(context, previous.text) {
                previous = (context, tokenizer.encode(context))
            }
            let contextTokens = previous.tokens
            let whole = tokenizer.encode(request.context + request.continuation)
            guard whole.count > contextTokens.count else {
                throw UnscorableRequest(document: id, request: index)
            }
            let continuation = Array(whole[contextTokens.count...])
            let start = contextTokens.isEmpty ? [EncodedRequest.endOfText] : contextTokens
            return EncodedRequest(context: start, continuation: continuation)
        }
    }
}
