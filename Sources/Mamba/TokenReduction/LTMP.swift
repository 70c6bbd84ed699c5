import Operations

/// LTMP, carried over from vision transformers: of the r rows that are to go, half are pruned, the least important
/// ones; the other half merge, by matching even to odd places among the N' rows that are left; both branches alike.
public struct LTMP: ChoosingMethod {
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

    public func choice(of rows: Int, keepRatio: Double, reduction: Reduction) -> RowChoice {
        var choice = RowChoice(of: rows, importance: reduction.importance, connecting: .evenPlaces)
        choice.pruned = excess(of: rows, keepRatio: keepRatio) / 2
        choice.used = rows - choice.pruned - keptCount(of: rows, keepRatio: keepRatio)
        return choice
    }
}
