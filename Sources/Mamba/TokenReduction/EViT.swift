import Operations

/// EViT, carried over from vision transformers: the most important rows stay, the others go from both branches.
public struct EViT: ChoosingMethod {
    public let keys: Set<Reduction.Key> = [.importance, .source]

    public init() {}

    public func choice(of rows: Int, keepRatio: Double, reduction: Reduction) -> RowChoice {
        var choice = RowChoice(of: rows, importance: reduction.importance)
        choice.pruned = excess(of: rows, keepRatio: keepRatio)
        return choice
    }
}

/// EViT in the paper's published code: the rows stay whose Σ max(0, y) is at most the value of rank ceil(N·ratio), from
/// 0, ascending. So one row more stays than is asked for, rows of that same value besides, and they are the least
/// important.
public struct ReleasedEViT: ReductionMethod {
    public let keys: Set<Reduction.Key> = [.source]
    public let sources: [Reduction.Source] = [.block]

    public init() {}

    /// min(N, ceil(N·ratio) + 1), if no other row has the importance of that rank.
    public func keptCount(of rows: Int, keepRatio: Double) -> Int {
        rows - max(0, excess(of: rows, keepRatio: keepRatio) - 1)
    }

    public func decide<B: Backend>(
        _ rows: SequenceRows<B>, keepRatio: Double, reduction: Reduction
    ) throws -> ReductionDecision {
        let importance = try rows.importance(.clip)  // the mean, which orders rows as the sum does
        let rank = rows.count - excess(of: rows.count, keepRatio: keepRatio)
        var kept = Array(0..<rows.count)
        if rank < rows.count {
            var ranking = Ranking(importance)
            let threshold = ranking.split(at: rank).rest.map { importance[$0] }.min() ?? .infinity
            kept.removeAll { importance[$0] > threshold }
        }
        let both = RowReduction(kept: kept)
        return ReductionDecision(hidden: both, residual: both, importance: importance)
    }
}
