import Mamba
import ModelFiles
import Operations

/// Rates continuations with a model under a token reduction.
///
/// A score is a function of (weights, tokens, reduction, engine) alone: sequences are packed without padding, no row's
/// arithmetic depends on what it is packed with, and recurrences run in the order of time; so any budget, order, split
/// or sharing of the requests gives the same bits.
///
/// Sequences that begin alike share their rows: all of them without a reduction; with one, the layers up to and
/// including the mixer of the first reduced layer, and in context scope all of a prefix's continuations its reduction.
public struct Scorer<B: Backend>: Sendable {
    public let model: LanguageModel<B>
    public let reduction: Reduction
    public let budget: ScoringBudget
    public let sharing: PrefixSharing
    let costs: FLOPs

    /// - Throws: `ReductionError` when the reduction does not fit the model's layers.
    public init(
        model: LanguageModel<B>, reduction: Reduction, budget: ScoringBudget? = nil, sharing: PrefixSharing = .on
    ) throws {
        try reduction.validate(layerCount: model.configuration.layerCount)
        self.model = model
        self.reduction = reduction
        self.sharing = sharing
        costs = FLOPs(model.configuration)
        self.budget = budget ?? ScoringBudget(bytes: ScoringBudget.defaultBytes, for: model.configuration)
    }

    /// Rates every continuation of every request.
    ///
    /// - Parameter shouldContinue: asked between forward passes with the number of requests whose scores are complete;
    ///   `false` stops with `CancellationError`.
    public func score(
        _ requests: [ScoringRequest], shouldContinue: (_ completed: Int) -> Bool = { _ in true }
    ) throws -> [ScoringAnswer] {
        let sequences = try ScoredSequence.sequences(of: requests, vocabulary: model.configuration.vocabularySize)
        let plan = try ScoringPlan(
            sequences, reduction, layerCount: model.configuration.layerCount, sharing: sharing, budget: budget,
            forking: model.backend.forksWithinPasses)
        var board = ScoreBoard(requests, sequences)
        func proceed(_ board: ScoreBoard) throws {
            guard shouldContinue(board.completed) else { throw CancellationError() }
        }
        for trees in plan.groups(within: budget) {
            if plan.reducedLayer == nil {
                try score(Array(trees), of: plan, into: &board, proceed: proceed)
            } else {
                try scoreReduced(Array(trees), of: plan, into: &board, proceed: proceed)
            }
        }
        return board.answers()
    }

    /// Without a reduction: every row that sequences share runs once, and rates all that it has to.
    private func score(
        _ trees: [PrefixForest.Tree], of plan: ScoringPlan, into board: inout ScoreBoard,
        proceed: (ScoreBoard) throws -> Void
    ) throws {
        for place in trees.flatMap(\.members) {
            let prefix = plan.sequences[place].prefix.count
            board.begin(
                place, rating: plan.sequences[place].targets.count, positions: Array(0..<prefix), savings: .nothing)
        }
        let tries = trees.map { RatedTrie($0.trie, of: Array($0.members), after: 0, plan.sequences) }
        try rate(tries, after: nil, of: plan, into: &board, proceed: proceed)
    }

    /// Runs the nodes of tries through all layers and rates by their rows.
    ///
    /// - Parameter roots: the state that each trie goes on from; nil where nothing has been read yet.
    func rate(
        _ tries: [RatedTrie], after roots: [SequenceState<B>]?, of plan: ScoringPlan, into board: inout ScoreBoard,
        proceed: (ScoreBoard) throws -> Void
    ) throws {
        var walk = TrieWalk(
            tries.map(\.trie), after: roots, within: budget, forking: model.backend.forksWithinPasses)
        while let pass = walk.nextPass() {
            try proceed(board)
            let (hidden, states) = try model.forward(
                pass.tokens, segments: pass.segments, after: pass.starts, keeping: pass.kept)
            walk.keep(states, of: pass)
            var pairs = RatedRows()
            for (segment, piece) in pass.pieces.enumerated() {
                pairs.append(
                    tries[piece.place.trie].ratings[piece.place.node], in: piece.rows,
                    from: pass.segments[segment].lowerBound)
            }
            try rate(pairs, by: hidden, of: plan, into: &board)
        }
    }

    /// Rates tokens by rows of a pass.
    func rate(
        _ pairs: RatedRows, by hidden: Hidden<B>, of plan: ScoringPlan, into board: inout ScoreBoard
    ) throws {
        guard !pairs.rows.isEmpty else { return }
        let targets = pairs.ratings.map { plan.sequences[$0.sequence].targets[$0.token] }
        let scores = try model.score(hidden, rows: pairs.rows, targets: targets)
        for (score, rating) in zip(scores, pairs.ratings) { board.enter(score, for: rating) }
    }
}
