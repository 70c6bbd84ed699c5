import Operations

/// Unified token reduction by token importance classification, as the paper defines it.
///
/// The less important half of a sequence, M_A, is connected to the most similar rows of the rest, M_B; the rows of the
/// r best connections go. A branch with prune share q prunes the most similar floor(q·r + ½) of them and merges the
/// others into the rows that they are connected to: by default the hidden branch prunes half, the residual none.
public struct UTRC: ReductionMethod {
    public let keys: Set<Reduction.Key> = [.importance, .source, .hiddenPrune, .residualPrune]

    public init() {}

    /// N − r, r = min(N − ceil(N·ratio), floor(N/2)).
    public func keptCount(of rows: Int, keepRatio: Double) -> Int {
        let asked = Int((Double(rows) * keepRatio).rounded(.up))
        return rows - min(rows - asked, rows / 2)
    }

    public func keptShare(keepRatio: Double) -> Double { max(keepRatio, 0.5) }

    public func decide<B: Backend>(
        _ rows: SequenceRows<B>, keepRatio: Double, reduction: Reduction
    ) throws -> ReductionDecision {
        let importance = try rows.importance(reduction.importance)
        let (a, b) = UTRC.classify(importance)
        let connections = UTRC.ordered(try rows.connections(from: a, to: b))
        let used = connections.prefix(rows.count - keptCount(of: rows.count, keepRatio: keepRatio))
        return ReductionDecision(
            hidden: UTRC.branch(rows: rows.count, used: used, pruneShare: reduction.hiddenPrune),
            residual: UTRC.branch(rows: rows.count, used: used, pruneShare: reduction.residualPrune),
            importance: importance, connections: connections, setA: a)
    }

    /// M_A, the floor(N/2) least important rows, ties by the lower index, and M_B, the rest; both ascending.
    public static func classify(_ importance: [Float]) -> (a: [Int], b: [Int]) {
        let order = importance.indices.sorted { (importance[$0], $0) < (importance[$1], $1) }
        let half = importance.count / 2
        return (order[..<half].sorted(), order[half...].sorted())
    }

    /// The most similar first, ties by the lower source.
    public static func ordered(_ connections: [Connection]) -> [Connection] {
        connections.sorted { (-$0.similarity, $0.source) < (-$1.similarity, $1.source) }
    }

    /// What a branch of `rows` rows makes of the connections that are used: the first are pruned, the others merged.
    public static func branch(rows: Int, used: ArraySlice<Connection>, pruneShare: Double) -> RowReduction {
        let pruned = Int((pruneShare * Double(used.count) + 0.5).rounded(.down))
        let gone = Set(used.map(\.source))
        let merged = Dictionary(grouping: used.dropFirst(pruned), by: \.destination)
        return RowReduction(
            kept: (0..<rows).filter { !gone.contains($0) },
            merges: merged.keys.sorted().map { destination in
                RowReduction.Merge(
                    destination: destination, sources: merged[destination, default: []].map(\.source).sorted())
            })
    }
}
