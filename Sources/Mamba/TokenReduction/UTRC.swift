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
        var ranking = Ranking(importance)
        let (a, b) = ranking.split(at: rows.count / 2)
        let setA = a.sorted()
        let matching = try rows.match(setA, to: b.sorted())
        let used = matching.mostSimilar(rows.count - keptCount(of: rows.count, keepRatio: keepRatio))
        return ReductionDecision(
            hidden: branch(rows: rows.count, used: used, pruneShare: reduction.hiddenPrune),
            residual: branch(rows: rows.count, used: used, pruneShare: reduction.residualPrune),
            importance: importance, matching: matching, setA: setA)
    }

    /// What a branch of `rows` rows makes of the connections that are used: the first are pruned, the others merged.
    private func branch(rows: Int, used: [Connection], pruneShare: Double) -> RowReduction {
        let pruned = Int((pruneShare * Double(used.count) + 0.5).rounded(.down))
        return RowReduction(of: rows, pruning: used.prefix(pruned).map(\.source), merging: used.dropFirst(pruned))
    }
}

/// UTRC in the paper's published code: rows 0, 2, …, 2(r − 1) go, whatever the tokens are, and all of them into row 1.
///
/// The residual's row 1 becomes the mean of itself and them; the hidden branch's takes, in each channel, only the
/// floor(r/2) largest of their values.
public struct ReleasedUTRC: ReductionMethod {
    public let keys: Set<Reduction.Key> = [.source]
    public let sources: [Reduction.Source] = [.block]

    public init() {}

    public func keptCount(of rows: Int, keepRatio: Double) -> Int { UTRC().keptCount(of: rows, keepRatio: keepRatio) }

    public func keptShare(keepRatio: Double) -> Double { UTRC().keptShare(keepRatio: keepRatio) }

    public func decide<B: Backend>(
        _ rows: SequenceRows<B>, keepRatio: Double, reduction: Reduction
    ) throws -> ReductionDecision {
        let r = rows.count - keptCount(of: rows.count, keepRatio: keepRatio)
        let kept = (0..<rows.count).filter { $0 >= 2 * r || !$0.isMultiple(of: 2) }
        let gone = (0..<r).map { 2 * $0 }
        func branch(_ values: RowReduction.Values) -> RowReduction {
            RowReduction(
                kept: kept, merges: r == 0 ? [] : [.init(destination: 1, sources: gone, taking: values)])
        }
        return ReductionDecision(hidden: branch(.largest(r / 2)), residual: branch(.all))
    }
}
