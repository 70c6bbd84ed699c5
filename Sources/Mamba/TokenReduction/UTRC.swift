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
        rows - min(excess(of: rows, keepRatio: keepRatio), rows / 2)
    }

    public func keptShare(keepRatio: Double) -> Double { max(keepRatio, 0.5) }

    public func decide<B: Backend>(
        _ rows: SequenceRows<B>, keepRatio: Double, reduction: Reduction
    ) throws -> ReductionDecision {
        let importance = try rows.importance(reduction.importance)
        let (a, b) = classify(importance)
        let connections = try rows.connections(from: a, to: b)
        let used = connections.prefix(rows.count - keptCount(of: rows.count, keepRatio: keepRatio))
        return ReductionDecision(
            hidden: branch(rows: rows.count, used: used, pruneShare: reduction.hiddenPrune),
            residual: branch(rows: rows.count, used: used, pruneShare: reduction.residualPrune),
            importance: importance, connections: connections, setA: a)
    }

    /// M_A, the floor(N/2) least important rows, and M_B, the rest; both ascending.
    private func classify(_ importance: [Float]) -> (a: [Int], b: [Int]) {
        let order = leastImportantFirst(importance)
        let half = importance.count / 2
        return (order[..<half].sorted(), order[half...].sorted())
    }

    /// What a branch of `rows` rows makes of the connections that are used: the first are pruned, the others merged.
    private func branch(rows: Int, used: ArraySlice<Connection>, pruneShare: Double) -> RowReduction {
        let pruned = Int((pruneShare * Double(used.count) + 0.5).rounded(.down))
        return RowReduction(of: rows, pruning: used.prefix(pruned).map(\.source), merging: used.dropFirst(pruned))
    }
}
