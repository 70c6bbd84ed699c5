import Operations

/// Unified token reduction by token importance classification, as the paper defines it.
///
/// The less important half of a sequence, M_A, is connected to the most similar rows of the rest, M_B; the rows of the
/// r best connections go. A branch with prune share q prunes the most similar floor(q·r + ½) of them and merges the
/// others into the rows that they are connected to: by default the hidden branch prunes half, the residual none.
public struct UTRC: ChoosingMethod {
    public let keys: Set<Reduction.Key> = [.importance, .source, .hiddenPrune, .residualPrune]

    public init() {}

    /// N − r, r = min(N − ceil(N·ratio), floor(N/2)).
    public func keptCount(of rows: Int, keepRatio: Double) -> Int {
        rows - min(excess(of: rows, keepRatio: keepRatio), rows / 2)
    }

    public func keptShare(keepRatio: Double) -> Double { max(keepRatio, 0.5) }

    public func choice(of rows: Int, keepRatio: Double, reduction: Reduction) -> RowChoice {
        var choice = RowChoice(of: rows, importance: reduction.importance, connecting: .lessImportant)
        choice.used = rows - keptCount(of: rows, keepRatio: keepRatio)
        func pruned(_ share: Double) -> Int { Int((share * Double(choice.used) + 0.5).rounded(.down)) }
        choice.hiddenPruned = pruned(reduction.hiddenPrune)
        choice.residualPruned = pruned(reduction.residualPrune)
        return choice
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
