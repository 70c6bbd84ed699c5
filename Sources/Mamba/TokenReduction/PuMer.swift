import Operations

/// PuMer, carried over from vision-language models: the rows at even positions are connected to the most similar rows
/// at odd positions, and the r most similar merge, in both branches alike.
public struct PuMer: ChoosingMethod {
    public let keys: Set<Reduction.Key> = [.source]

    public init() {}

    /// N − r, r = min(N − ceil(N·ratio), floor(N/2)).
    public func keptCount(of rows: Int, keepRatio: Double) -> Int {
        rows - min(excess(of: rows, keepRatio: keepRatio), rows / 2)
    }

    public func keptShare(keepRatio: Double) -> Double { max(keepRatio, 0.5) }

    public func choice(of rows: Int, keepRatio: Double, reduction: Reduction) -> RowChoice {
        var choice = RowChoice(of: rows, connecting: .evenPlaces)
        choice.used = rows - keptCount(of: rows, keepRatio: keepRatio)
        return choice
    }
}

/// PuMer in the paper's published code: similarity is of max(0, y), and the r sources that merge, sorted by index, take
/// the destinations in the order of similarity, so that most merge into another's partner.
public struct ReleasedPuMer: ChoosingMethod {
    public let keys: Set<Reduction.Key> = [.source]
    public let sources: [Reduction.Source] = [.block]

    public init() {}

    public func keptCount(of rows: Int, keepRatio: Double) -> Int {
        PuMer().keptCount(of: rows, keepRatio: keepRatio)
    }

    public func keptShare(keepRatio: Double) -> Double { PuMer().keptShare(keepRatio: keepRatio) }

    public func choice(of rows: Int, keepRatio: Double, reduction: Reduction) -> RowChoice {
        var choice = PuMer().choice(of: rows, keepRatio: keepRatio, reduction: reduction)
        choice.rectified = true
        choice.exchanged = true
        return choice
    }
}
