import Mamba
import ModelFiles
import Operations

/// Rates continuations with a model under a token reduction.
///
/// A score is a function of (weights, tokens, reduction, engine) alone: sequences are packed without padding, and no
/// row's arithmetic depends on what it is packed with, so any budget, order or split of the requests gives the same bits.
public struct Scorer<B: Backend>: Sendable {
    public let model: LanguageModel<B>
    public let reduction: Reduction
    public let budget: ScoringBudget
    private let costs: FLOPs

    /// - Throws: `ReductionError` when the reduction does not fit the model's layers.
    public init(model: LanguageModel<B>, reduction: Reduction, budget: ScoringBudget? = nil) throws {
        try reduction.validate(layerCount: model.configuration.layerCount)
        self.model = model
        self.reduction = reduction
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
        var sequences: [ScoredSequence] = []
        for (index, request) in requests.enumerated() {
            for continuation in request.continuations.indices {
                sequences.append(
                    try ScoredSequence(
                        request, at: index, continuation: continuation, vocabulary: model.configuration.vocabularySize))
            }
        }
        var board = ScoreBoard(requests)
        let proceed = { (board: ScoreBoard) in
            guard shouldContinue(board.completed) else { throw CancellationError() }
        }
        if reduction.method == .none || reduction.scope == .context {
            try scoreAfterPrefixes(sequences, into: &board, proceed: proceed)
        } else {
            try scoreWhole(sequences, into: &board, proceed: proceed)
        }
        return board.answers()
    }

    /// Context scope: each shared prefix runs once, reduced; its states fork for each continuation, whose rows are
    /// never reduced. Without a reduction this is plain scoring.
    private func scoreAfterPrefixes(
        _ sequences: [ScoredSequence], into board: inout ScoreBoard, proceed: (ScoreBoard) throws -> Void
    ) throws {
        let forest = PrefixForest(sequences)
        for trees in batches(of: forest.trees, count: budget.states, limit: budget.rows, cost: { $0.prefix.count }) {
            try proceed(board)
            let trees = Array(trees)
            let segments = Segments(lengths: trees.map(\.prefix.count))
            var state = model.initialState(sequences: trees.count)
            let prefix = try model.forward(
                trees.flatMap(\.prefix), segments: segments, state: &state, reduction: reduction)
            let counts = prefix.tokenCounts(
                entering: trees.map(\.prefix.count), layerCount: model.configuration.layerCount)
            let branches = trees.enumerated().flatMap { tree in
                tree.element.sequences.map {
                    Branch(
                        tree: tree.offset, sequence: $0, positions: prefix.positions[tree.offset],
                        work: counts[tree.offset])
                }
            }
            for batch in batches(
                of: branches, count: budget.states, limit: budget.rows, cost: { $0.sequence.targets.count })
            {
                try proceed(board)
                try score(Array(batch), after: state, into: &board)
            }
        }
    }

    /// A sequence to be rated after a prefix that has run.
    private struct Branch {
        /// The prefix's place in its batch.
        let tree: Int
        let sequence: ScoredSequence
        /// The prefix's surviving rows.
        let positions: [Int]
        /// The prefix's rows in each layer.
        let work: TokenCounts
    }

    private func score(_ branches: [Branch], after state: ModelState<B>, into board: inout ScoreBoard) throws {
        var forked = state.forked(branches.map(\.tree))
        let segments = Segments(lengths: branches.map(\.sequence.targets.count))
        let hidden = try model.forward(
            branches.flatMap(\.sequence.scoredRows), segments: segments, state: &forked, reduction: .none)
        let rated = try model.score(
            hidden, rows: Array(0..<segments.rowCount), targets: branches.flatMap(\.sequence.targets))
        for (index, branch) in branches.enumerated() {
            let work = branch.work.adding(unreduced: branch.sequence.targets.count)
            board.record(
                rated[segments[index]], of: branch.sequence, positions: branch.positions,
                savings: Savings(work, costs))
        }
    }

    /// Sequence scope, as in the paper: context and continuation are reduced together, each sequence on its own.
    private func scoreWhole(
        _ sequences: [ScoredSequence], into board: inout ScoreBoard, proceed: (ScoreBoard) throws -> Void
    ) throws {
        for batch in batches(of: sequences, count: budget.states, limit: budget.rows, cost: { $0.input.count }) {
            try proceed(board)
            let batch = Array(batch)
            var state = model.initialState(sequences: batch.count)
            let hidden = try model.forward(
                batch.flatMap(\.input), segments: Segments(lengths: batch.map(\.input.count)), state: &state,
                reduction: reduction)
            var rows: [Int] = []
            var targets: [Int32] = []
            var counts: [Int] = []
            for (index, sequence) in batch.enumerated() {
                let pairs = sequence.alignment(reduction.align, positions: hidden.positions[index])
                rows += pairs.map { hidden.segments[index].lowerBound + $0.row }
                targets += pairs.map(\.target)
                counts.append(pairs.count)
            }
            let rated = try model.score(hidden, rows: rows, targets: targets)
            let ranges = Segments(lengths: counts)
            let work = hidden.tokenCounts(
                entering: batch.map(\.input.count), layerCount: model.configuration.layerCount)
            for (index, sequence) in batch.enumerated() {
                board.record(
                    rated[ranges[index]], of: sequence, positions: hidden.positions[index],
                    savings: Savings(work[index], costs))
            }
        }
    }
}
