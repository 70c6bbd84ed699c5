import Mamba
import ModelFiles

/// What is run for some sequences: which rows are shared, and which trees are held at a time.
struct ScoringPlan: Sendable {
    let sequences: [ScoredSequence]
    /// What is reduced; empty where nothing is.
    let trunks: [Trunk]
    /// Of the trunks, or where nothing is reduced of the sequences.
    let trees: [PrefixForest.Tree]
    /// The first layer after which rows go; nil where nothing is reduced.
    let reducedLayer: Int?

    /// Whether what follows a fork runs in its pass, so that its state need not be kept.
    private let forking: Bool

    init(
        _ sequences: [ScoredSequence], _ reduction: Reduction, layerCount: Int, sharing: PrefixSharing = .on,
        budget: ScoringBudget = .unlimited, forking: Bool = true
    ) throws {
        let reducedLayer = try reduction.resolvedLayers(layerCount: layerCount).first
        let saving = sharing == .on ? Self.minimumSaving : Int.max
        let trunks =
            reducedLayer == nil
            ? []
            : Trunk.trunks(of: sequences, scope: reduction.scope, sharing: sharing, minimumSaving: saving)
        let shared = reducedLayer == nil ? sequences.map { $0.input[...] } : trunks.map(\.tokens)
        // A level with more rows than a pass holds takes several.
        let limit = Demand(rows: .max, states: budget.states, kept: budget.keptRows)
        let forest = PrefixForest(shared, sharing: sharing, minimumSaving: saving) { tree in
            Demand(of: tree, trunks, forking: forking).isWithin(limit)
        }
        self.sequences = sequences
        self.trunks = trunks
        self.trees = forest.trees
        self.reducedLayer = reducedLayer
        self.forking = forking
    }

    /// Rows that have to be saved for sequences to be parted only after what they share.
    ///
    /// Parting costs a segment more, whose state is copied, and its rows run in another pass, which reads all weights
    /// again. On benchmarks' documents 8 rows give up 1 % of what sharing can save.
    static let minimumSaving = 8

    /// The trees, by such as are held together.
    func groups(within budget: ScoringBudget) -> [ArraySlice<PrefixForest.Tree>] {
        if forking, trunks.isEmpty { return trees.isEmpty ? [] : [trees[...]] }
        let limit = Demand(rows: budget.rows, states: budget.states, kept: budget.keptRows)
        return batches(of: trees, within: limit) { Demand(of: $0, trunks, forking: forking) }
    }
}

/// What something needs to have at a time.
struct Demand: Sendable {
    /// Rows in a pass.
    var rows = 0
    /// Segments in a pass.
    var segments = 0
    /// States that are kept between passes.
    var states = 0
    /// Rows that are kept between passes.
    var kept = 0

    static func + (left: Demand, right: Demand) -> Demand {
        Demand(
            rows: left.rows + right.rows, segments: left.segments + right.segments, states: left.states + right.states,
            kept: left.kept + right.kept)
    }

    func isWithin(_ limit: Demand) -> Bool {
        rows <= limit.rows && segments <= limit.segments && states <= limit.states && kept <= limit.kept
    }
}

extension Demand {
    /// Of a tree: its first rows, the states that are kept for what follows them and, where it is of trunks, all rows
    /// of those.
    ///
    /// - Parameter forking: whether what follows a fork runs in its pass.
    init(of tree: PrefixForest.Tree, _ trunks: [Trunk], forking: Bool) {
        rows = tree.trie.rootRowCount
        states = forking ? 0 : tree.trie.forkCount
        guard !trunks.isEmpty else { return }
        kept = tree.trie.rowCount
        states += trunks[tree.members].reduce(0) { sum, trunk in
            sum + (trunk.tails.nodes.isEmpty ? 0 : 1 + (forking ? 0 : trunk.tails.forkCount))
        }
    }
}

/// Consecutive runs of `items` that together stay within `limit`; an item that alone does not is a batch of its own.
func batches<Item>(of items: [Item], within limit: Demand, demand: (Item) -> Demand) -> [ArraySlice<Item>] {
    var result: [ArraySlice<Item>] = []
    var start = 0
    var total = Demand()
    for (index, item) in items.enumerated() {
        let next = demand(item)
        if index > start, !(total + next).isWithin(limit) {
            result.append(items[start..<index])
            start = index
            total = Demand()
        }
        total = total + next
    }
    if start < items.count { result.append(items[start...]) }
    return result
}
