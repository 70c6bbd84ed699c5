import Mamba

/// One continuation after its context, truncated as lm-evaluation-harness truncates: the model reads the last 2,048 of
/// all tokens but the final one, and the last `targets.count` of its rows rate `targets`.
struct ScoredSequence: Sendable {
    /// (context + continuation)[−2049:][:−1].
    let input: [Int32]
    /// The continuation.
    let targets: [Int32]
    /// Where the score belongs.
    let request: Int
    let continuation: Int

    init(_ request: ScoringRequest, at requestIndex: Int, continuation index: Int, vocabulary: Int) throws {
        let targets = request.continuations[index]
        guard !request.context.isEmpty else { throw ScoringError.emptyContext(request: request.id) }
        guard !targets.isEmpty else { throw ScoringError.emptyContinuation(request: request.id, index: index) }
        guard targets.count <= ScoringRequest.maximumInput else {
            throw ScoringError.continuationTooLong(
                request: request.id, index: index, tokens: targets.count, limit: ScoringRequest.maximumInput)
        }
        let whole = request.context + targets
        if let token = whole.first(where: { $0 < 0 || Int($0) >= vocabulary }) {
            throw ScoringError.unknownToken(request: request.id, token: token, vocabulary: vocabulary)
        }
        self.input = Array(whole.suffix(ScoringRequest.maximumInput + 1).dropLast())
        self.targets = targets
        self.request = requestIndex
        self.continuation = index
    }

    /// The sequences of requests, continuation after continuation.
    static func sequences(of requests: [ScoringRequest], vocabulary: Int) throws -> [ScoredSequence] {
        try requests.enumerated().flatMap { place, request in
            try request.continuations.indices.map { continuation in
                try ScoredSequence(request, at: place, continuation: continuation, vocabulary: vocabulary)
            }
        }
    }

    /// context[:-1]: what every continuation of the context shares.
    var prefix: ArraySlice<Int32> { input.dropLast(targets.count) }

    /// Which rows of a reduced sequence rate which targets, in sequence scope.
    ///
    /// - Parameter positions: the surviving rows' original indices.
    /// - Returns: pairs of a row among the survivors and the place of the target that it rates, ascending in both.
    func alignment(_ alignment: Reduction.Alignment, positions: [Int]) -> [(row: Int, token: Int)] {
        switch alignment {
        case .tail:
            let count = min(targets.count, positions.count)
            return (0..<count).map { (positions.count - count + $0, $0) }
        case .position:
            let first = input.count - targets.count
            let surviving = positions.enumerated().filter { $0.element >= first }
            return surviving.map { ($0.offset, $0.element - first) }
        }
    }
}
