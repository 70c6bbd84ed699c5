import Operations

/// LTMP, carried over from vision transformers: of the r rows that are to go, half are pruned, the least important
/// ones; the other half merge, by matching even to odd places among the N' rows that are left; both branches alike.
public struct LTMP: ReductionMethod {
    public let keys: Set<Reduction.Key> = [.importance, .source]

    public init() {}

    /// N' − min(r − floor(r/2), floor(N'/2)), r = N − ceil(N·ratio), N' = N − floor(r/2).
    public func keptCount(of rows: Int, keepRatio: Double) -> Int {
        let r = excess(of: rows, keepRatio: keepRatio)
        let left = rows - r / 2
        return left - min(r - r / 2, left / 2)
    }

    /// At least half of the N' rows, whose share is (1 + ratio)/2.
    public func keptShare(keepRatio: Double) -> Double { max(keepRatio, (1 + keepRatio) / 4) }

    public func decide<B: Backend>(
        _ rows: SequenceRows<B>, keepRatio: Double, reduction: Reduction
    ) throws -> ReductionDecision {
        let importance = try rows.importance(reduction.importance)
        var ranking = Ranking(importance)
        let (pruned, left) = ranking.split(at: excess(of: rows.count, keepRatio: keepRatio) / 2)
        let matching = try rows.matchEvenToOdd(in: left.sorted())
        let merged = matching.mostSimilar(left.count - keptCount(of: rows.count, keepRatio: keepRatio))
        let both = RowReduction(of: rows.count, pruning: pruned, merging: merged)
        return ReductionDecision(hidden: both, residual: both, importance: importance, matching: matching)
    }
}
