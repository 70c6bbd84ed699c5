import Operations

/// Gathers the scores of continuations, which finish in any order, into answers in the requests' order.
struct ScoreBoard {
    private let ids: [String]
    private var scores: [[ContinuationScore?]]
    private var open: [Int]
    /// Requests all of whose continuations have their score.
    private(set) var completed = 0

    init(_ requests: [ScoringRequest]) {
        ids = requests.map(\.id)
        scores = requests.map { Array(repeating: nil, count: $0.continuations.count) }
        open = requests.map(\.continuations.count)
        completed = open.count { $0 == 0 }
    }

    /// Enters one continuation's score: the sum over its rated tokens, in their order.
    mutating func record(
        _ rated: ArraySlice<TokenScore>, of sequence: ScoredSequence, positions: [Int],
        savings: Savings
    ) {
        let perToken = rated.map(\.logProbability)
        scores[sequence.request][sequence.continuation] = ContinuationScore(
            loglikelihood: perToken.reduce(0, +), perToken: perToken, greedy: rated.allSatisfy(\.isGreedy),
            positions: positions, margin: rated.map(\.margin).min() ?? 0, flopsReduction: savings.layers,
            flopsReductionWithHead: savings.withHead, inputTokens: sequence.input.count)
        open[sequence.request] -= 1
        if open[sequence.request] == 0 { completed += 1 }
    }

    /// The answers, once every continuation has its score.
    func answers() -> [ScoringAnswer] {
        zip(ids, scores).map { id, scores in
            precondition(scores.allSatisfy { $0 != nil }, "request '\(id)' has a continuation without a score")
            return ScoringAnswer(id: id, scores: scores.compactMap { $0 })
        }
    }
}
