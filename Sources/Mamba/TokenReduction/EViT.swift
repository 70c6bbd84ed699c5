import Operations

/// EViT, carried over from vision transformers: the most important rows stay, the others go from both branches.
public struct EViT: ReductionMethod {
    public let keys: Set<Reduction.Key> = [.importance, .source]

    public init() {}

    public func decide<B: Backend>(
        _ rows: SequenceRows<B>, keepRatio: Double, reduction: Reduction
    ) throws -> ReductionDecision {
        let importance = try rows.importance(reduction.importance)
        let gone = leastImportantFirst(importance).prefix(excess(of: rows.count, keepRatio: keepRatio))
        let both = RowReduction(of: rows.count, pruning: gone)
        return ReductionDecision(hidden: both, residual: both, importance: importance)
    }
}
