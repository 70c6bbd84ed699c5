import Mamba
import ModelFiles

/// Counts what scoring runs, before it runs: rows that are shared count once.
///
/// It goes by the plan that the scorer follows, as if memory held everything.
public struct ScoringWork {
    /// Rows of all layers together.
    public private(set) var layerRows = 0
    /// Rows that go through the head.
    public private(set) var headRows = 0

    private let reduction: Reduction
    private let layerCount: Int
    private var countsByLength: [Int: TokenCounts] = [:]

    public init(_ configuration: ModelConfiguration, _ reduction: Reduction) {
        self.reduction = reduction
        layerCount = configuration.layerCount
    }

    /// Adds requests that are scored together. Those that cannot be scored cost nothing; scoring says why.
    public mutating func add(_ requests: [ScoringRequest]) throws {
        let sequences = requests.flatMap { request in
            (try? ScoredSequence.sequences(of: [request], vocabulary: .max)) ?? []
        }
        let plan = try ScoringPlan(sequences, reduction, layerCount: layerCount)
        guard let reducedLayer = plan.reducedLayer else {
            for tree in plan.trees {
                add(RatedTrie(tree.trie, of: Array(tree.members), after: 0, sequences))
            }
            return
        }
        layerRows += plan.trees.reduce(0) { $0 + $1.trie.rowCount * (reducedLayer + 1) }
        for trunk in plan.trunks {
            let counts = try counts(entering: trunk.reducible).adding(unreduced: trunk.spared)
            layerRows += counts.perLayer.dropFirst(reducedLayer + 1).reduce(0, +)
            headRows +=
                reduction.scope == .context
                ? trunk.spared : trunk.sequences.map { sequences[$0].targets.count }.max() ?? 0
            add(RatedTrie(trunk.tails, of: trunk.sequences, after: trunk.tokens.count, sequences))
        }
    }

    private mutating func add(_ rated: RatedTrie) {
        layerRows += rated.trie.rowCount * layerCount
        headRows += rated.ratings.reduce(0) { $0 + Set($1.rows).count }
    }

    private mutating func counts(entering rows: Int) throws -> TokenCounts {
        if let known = countsByLength[rows] { return known }
        let counts = try reduction.tokens(entering: rows, layerCount: layerCount)
        countsByLength[rows] = counts
        return counts
    }
}
