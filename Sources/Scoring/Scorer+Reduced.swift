import Mamba
import Operations

extension Scorer {
    /// A trunk whose rows have come as far as the first reduced layer's mixer.
    private struct Entered {
        /// Its place in the plan.
        let trunk: Int
        /// Its rows, of the passes that they ran in.
        let pieces: [(rows: Unreduced<B>, range: Range<Int>)]
        /// The state after its last row in the layers that have run; where something follows it.
        let state: SequenceState<B>?
    }

    /// A trunk that has run, and is followed by rows that have not.
    private struct Open {
        let trunk: Trunk
        let state: SequenceState<B>
    }

    /// With a reduction: trunks share the layers up to and including the mixer of the first that is reduced, then each
    /// is reduced and runs on its own; what follows it in context scope goes on from its state.
    func scoreReduced(
        _ trees: [PrefixForest.Tree], of plan: ScoringPlan, into board: inout ScoreBoard,
        proceed: (ScoreBoard) throws -> Void
    ) throws {
        let open = try reduce(
            enter(trees, of: plan) { try proceed(board) }, of: plan, into: &board, proceed: proceed)
        let tries = open.map {
            RatedTrie($0.trunk.tails, of: $0.trunk.sequences, after: $0.trunk.tokens.count, plan.sequences)
        }
        try rate(tries, after: open.map(\.state), of: plan, into: &board, proceed: proceed)
    }

    /// Runs every row that trunks share once, up to and including the mixer of the first reduced layer.
    private func enter(
        _ trees: [PrefixForest.Tree], of plan: ScoringPlan, proceed: () throws -> Void
    ) throws -> [Entered] {
        let ends = trees.enumerated().flatMap { tree in
            tree.element.members.enumerated().map { index, trunk in
                (trunk: trunk, trie: tree.element.trie, index: index, number: tree.offset)
            }
        }
        let followed = ends.compactMap { end -> TriePlace? in
            guard !plan.trunks[end.trunk].tails.nodes.isEmpty else { return nil }
            return end.trie.ends[end.index].map { TriePlace(trie: end.number, node: $0) }
        }
        var walk = TrieWalk<B>(
            trees.map(\.trie), after: nil, wanting: Set(followed), within: budget,
            forking: model.backend.forksWithinPasses)
        var pieces: [TriePlace: [(rows: Unreduced<B>, range: Range<Int>)]] = [:]
        while let pass = walk.nextPass() {
            try proceed()
            let entered = try model.enter(
                pass.tokens, segments: pass.segments, after: pass.starts, reduction: reduction, keeping: pass.kept)
            guard let entered else { preconditionFailure("a reduction without a layer") }
            walk.keep(entered.states, of: pass)
            for (segment, piece) in pass.pieces.enumerated() {
                pieces[piece.place, default: []].append((entered.rows, pass.segments[segment]))
            }
        }
        return ends.map { end in
            let path = end.trie.path(of: end.index).map { TriePlace(trie: end.number, node: $0) }
            return Entered(
                trunk: end.trunk, pieces: path.flatMap { pieces[$0] ?? [] },
                state: path.last.flatMap { walk.lastStates[$0] })
        }
    }

    /// Reduces trunks and runs the rest of them; returns those that something follows.
    private func reduce(
        _ entered: [Entered], of plan: ScoringPlan, into board: inout ScoreBoard, proceed: (ScoreBoard) throws -> Void
    ) throws -> [Open] {
        var open: [Open] = []
        let limit = Demand(rows: budget.rows, segments: budget.segments)
        let cost = { (entered: Entered) in
            Demand(rows: plan.trunks[entered.trunk].tokens.count, segments: 1)
        }
        for batch in batches(of: entered, within: limit, demand: cost) {
            try proceed(board)
            let batch = Array(batch)
            let trunks = batch.map { plan.trunks[$0.trunk] }
            guard let rows = Unreduced.stack(batch.flatMap(\.pieces), on: model.backend) else { continue }
            let followed = batch.indices.filter { batch[$0].state != nil }
            let (hidden, states) = try model.resume(
                rows, tokens: trunks.flatMap(\.tokens), segments: Segments(lengths: trunks.map(\.tokens.count)),
                sparing: trunks.map(\.spared), reduction: reduction, keeping: followed)
            for (index, segment) in followed.enumerated() {
                guard let lower = batch[segment].state else { continue }
                open.append(Open(trunk: trunks[segment], state: lower.joined(by: states[index])))
            }
            try rate(trunks, by: hidden, of: plan, into: &board)
        }
        return open
    }

    /// Rates by the rows of reduced trunks, and begins the scores of their sequences.
    private func rate(
        _ trunks: [Trunk], by hidden: Hidden<B>, of plan: ScoringPlan, into board: inout ScoreBoard
    ) throws {
        let work = hidden.tokenCounts(
            entering: trunks.map(\.reducible), layerCount: model.configuration.layerCount)
        var pairs = RatedRows()
        for (segment, trunk) in trunks.enumerated() {
            let positions = Array(hidden.positions[segment].dropLast(trunk.spared))
            let first = hidden.segments[segment].lowerBound
            for place in trunk.sequences {
                let sequence = plan.sequences[place]
                let rated: [(row: Int, token: Int)]
                let unreduced: Int
                switch reduction.scope {
                case .context:
                    rated = (0..<trunk.spared).map { (positions.count + $0, $0) }
                    unreduced = sequence.targets.count
                case .sequence:
                    rated = sequence.alignment(reduction.align, positions: positions)
                    unreduced = 0
                }
                board.begin(
                    place, rating: reduction.scope == .context ? unreduced : rated.count, positions: positions,
                    savings: Savings(work[segment].adding(unreduced: unreduced), costs))
                for (row, token) in rated { pairs.append(first + row, Rating(sequence: place, token: token)) }
            }
        }
        try rate(pairs, by: hidden, of: plan, into: &board)
    }
}
