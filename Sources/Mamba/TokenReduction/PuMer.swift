import Operations

/// PuMer, carried over from vision-language models: the rows at even positions are connected to the most similar rows
/// at odd positions, and the r most similar merge, in both branches alike.
public struct PuMer: ReductionMethod {
    public let keys: Set<Reduction.Key> = [.source]

    public init() {}

    /// N − r, r = min(N − ceil(N·ratio), floor(N/2)).
    public func keptCount(of rows: Int, keepRatio: Double) -> Int {
        rows - min(excess(of: rows, keepRatio: keepRatio), rows / 2)
    }

    public func keptShare(keepRatio: Double) -> Double { max(keepRatio, 0.5) }

    public func decide<B: Backend>(
        _ rows: SequenceRows<B>, keepRatio: Double, reduction: Reduction
    ) throws -> ReductionDecision {
        let connections = try rows.connectionsOfEvenToOdd(in: Array(0..<rows.count))
        let used = connections.prefix(rows.count - keptCount(of: rows.count, keepRatio: keepRatio))
        let both = RowReduction(of: rows.count, merging: used)
        return ReductionDecision(hidden: both, residual: both, connections: connections)
    }
}
