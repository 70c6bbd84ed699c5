import Operations

/// A control that never looks at the rows: the r = N − ceil(N·ratio) oldest go from both branches.
public struct Front: ReductionMethod {
    public let keys: Set<Reduction.Key> = []

    public init() {}

    public func decide<B: Backend>(
        _ rows: SequenceRows<B>, keepRatio: Double, reduction: Reduction
    ) throws -> ReductionDecision {
        let both = RowReduction(kept: Array(excess(of: rows.count, keepRatio: keepRatio)..<rows.count))
        return ReductionDecision(hidden: both, residual: both)
    }
}
