import Mamba
import Scoring
import Wire

extension WireExample {
    /// Input tokens of all continuations, before any sharing of contexts.
    var tokens: Int {
        groups.reduce(0) { sum, group in
            group.continuations.reduce(sum) { $0 + group.context.count + $1.tokens.count - 1 }
        }
    }
}

extension Engine {
    /// Scores examples together; one row an example, in their order.
    func score(
        _ examples: ArraySlice<WireExample>, reduction: Reduction, shouldContinue: () -> Bool
    ) throws -> [WireRow] {
        let requests = examples.flatMap { example in
            example.groups.map { group in
                ScoringRequest(
                    id: "example \(example.index)", context: group.context,
                    continuations: group.continuations.map(\.tokens))
            }
        }
        let answers = try score(requests, reduction: reduction) { _ in shouldContinue() }
        var next = 0
        return examples.map { example in
            let scores = answers[next..<(next + example.groups.count)].flatMap(\.scores)
            next += example.groups.count
            return WireRow(example: example, scores: scores)
        }
    }
}

extension WireRow {
    /// An example's row; what was saved is the mean over its choices, each by its length.
    init(example: WireExample, scores: [ContinuationScore]) {
        self.init()
        self.example = example.index
        tokens = UInt64(scores.reduce(0) { $0 + $1.inputTokens })
        let total = Double(max(1, tokens))
        flopsReduction = scores.reduce(0) { $0 + $1.flopsReduction * Double($1.inputTokens) } / total
        flopsReductionWithHead = scores.reduce(0) { $0 + $1.flopsReductionWithHead * Double($1.inputTokens) } / total
        choices = scores.map { score in
            .with {
                $0.loglikelihood = score.loglikelihood
                $0.greedy = score.greedy
                $0.tokens = UInt32(clamping: score.perToken.count)
                $0.margin = score.margin
            }
        }
    }
}
