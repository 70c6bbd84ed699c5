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
        let matching = try rows.matchEvenToOdd(in: Array(0..<rows.count))
        let used = matching.mostSimilar(rows.count - keptCount(of: rows.count, keepRatio: keepRatio))
        let both = RowReduction(of: rows.count, merging: used)
        return ReductionDecision(hidden: both, residual: both, matching: matching)
    }
}

/// PuMer in the paper's published code: similarity is of max(0, y), and the r sources that merge, sorted by index, take
/// the destinations in the order of similarity, so that most merge into another's partner.
public struct ReleasedPuMer: ReductionMethod {
    public let keys: Set<Reduction.Key> = [.source]
    public let sources: [Reduction.Source] = [.block]

    public init() {}

    public func keptCount(of rows: Int, keepRatio: Double) -> Int {
        PuMer().keptCount(of: rows, keepRatio: keepRatio)
    }

    public func keptShare(keepRatio: Double) -> Double { PuMer().keptShare(keepRatio: keepRatio) }

    public func decide<B: Backend>(
        _ rows: SequenceRows<B>, keepRatio: Double, reduction: Reduction
    ) throws -> ReductionDecision {
        let matching = try rows.matchEvenToOdd(in: Array(0..<rows.count), rectified: true)
        let used = matching.mostSimilar(rows.count - keptCount(of: rows.count, keepRatio: keepRatio))
        let exchanged = zip(used.map(\.source).sorted(), used).map { source, connection in
            Connection(source: source, destination: connection.destination, similarity: connection.similarity)
        }
        let both = RowReduction(of: rows.count, merging: exchanged)
        return ReductionDecision(hidden: both, residual: both, matching: matching)
    }
}
