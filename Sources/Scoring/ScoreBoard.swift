import Operations

/// Gathers the ratings of tokens, which finish in any order, into answers in the requests' order.
struct ScoreBoard {
    /// A continuation's score as far as it is known.
    private struct Open {
        var rated: [TokenScore?]
        var missing: Int
        let positions: [Int]
        let savings: Savings
    }

    private let ids: [String]
    private let sequences: [ScoredSequence]
    private var open: [Open?]
    private var scores: [[ContinuationScore?]]
    private var missing: [Int]
    /// Requests all of whose continuations have their score.
    private(set) var completed = 0

    init(_ requests: [ScoringRequest], _ sequences: [ScoredSequence]) {
        ids = requests.map(\.id)
        self.sequences = sequences
        open = Array(repeating: nil, count: sequences.count)
        scores = requests.map { Array(repeating: nil, count: $0.continuations.count) }
        missing = requests.map(\.continuations.count)
        completed = missing.count { $0 == 0 }
    }

    /// Begins the score of the sequence at a place, of which `count` tokens will be rated.
    mutating func begin(_ place: Int, rating count: Int, positions: [Int], savings: Savings) {
        let targets = sequences[place].targets.count
        open[place] = Open(
            rated: Array(repeating: nil, count: targets), missing: count, positions: positions, savings: savings)
        if count == 0 { finish(place) }
    }

    /// Enters the rating of one token of a score that has begun.
    mutating func enter(_ score: TokenScore, for rating: Rating) {
        open[rating.sequence]?.rated[rating.token] = score
        open[rating.sequence]?.missing -= 1
        if open[rating.sequence]?.missing == 0 { finish(rating.sequence) }
    }

    /// The score is the sum over the rated tokens, in their order.
    private mutating func finish(_ place: Int) {
        guard let known = open[place] else { return }
        open[place] = nil
        let sequence = sequences[place]
        let rated = known.rated.compactMap { $0 }
        let perToken = rated.map(\.logProbability)
        scores[sequence.request][sequence.continuation] = ContinuationScore(
            loglikelihood: perToken.reduce(0, +), perToken: perToken, greedy: rated.allSatisfy(\.isGreedy),
            positions: known.positions, margin: rated.map(\.margin).min() ?? 0,
            flopsReduction: known.savings.layers, flopsReductionWithHead: known.savings.withHead,
            inputTokens: sequence.input.count)
        missing[sequence.request] -= 1
        if missing[sequence.request] == 0 { completed += 1 }
    }

    /// The answers, once every continuation has its score.
    func answers() -> [ScoringAnswer] {
        zip(ids, scores).map { id, scores in
            precondition(scores.allSatisfy { $0 != nil }, "request '\(id)' has a continuation without a score")
            return ScoringAnswer(id: id, scores: scores.compactMap { $0 })
        }
    }
}

/// A token that is rated: its place among its sequence's targets.
struct Rating: Sendable {
    let sequence: Int
    let token: Int
}
