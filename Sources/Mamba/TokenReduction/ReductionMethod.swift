import Operations

/// A rule for which rows of a sequence go, and what becomes of them in each branch.
public protocol ReductionMethod: Sendable {
    /// The keys that the rule reads beyond those of every method (layers, amount, scope, align, variant).
    var keys: Set<Reduction.Key> { get }
    /// The features that it may read, the default first, if it reads any.
    var sources: [Reduction.Source] { get }

    /// How many of N rows are left at a keep ratio; where that depends on the rows, how many when no two are alike.
    func keptCount(of rows: Int, keepRatio: Double) -> Int
    /// The share of rows that is left at a keep ratio as N → ∞.
    func keptShare(keepRatio: Double) -> Double
    /// Chooses among the rows of one sequence, of which there is at least one; rows count from the sequence's first.
    func decide<B: Backend>(
        _ rows: SequenceRows<B>, keepRatio: Double, reduction: Reduction
    ) throws -> ReductionDecision
}

extension ReductionMethod {
    public var sources: [Reduction.Source] { Reduction.Source.allCases }

    /// ceil(N·ratio), the product in float64.
    public func keptCount(of rows: Int, keepRatio: Double) -> Int { rows - excess(of: rows, keepRatio: keepRatio) }

    public func keptShare(keepRatio: Double) -> Double { keepRatio }

    /// How many of N rows a keep ratio asks to go: N − ceil(N·ratio), the product in float64.
    func excess(of rows: Int, keepRatio: Double) -> Int { rows - Int((Double(rows) * keepRatio).rounded(.up)) }
}

/// The rows of one sequence after a scheduled layer, as a method may ask about them; rows count from its first.
public struct SequenceRows<B: Backend> {
    private let backend: B
    private let features: B.Matrix
    private let range: Range<Int>
    /// The sequence's token ids before any reduction.
    public let tokens: ArraySlice<Int32>
    /// The layer that the rows come from, from 0.
    public let layer: Int

    /// The sequence in rows `range` of the features [L, C].
    public init(
        features: B.Matrix, range: Range<Int>, tokens: ArraySlice<Int32>, afterLayer layer: Int, on backend: B
    ) {
        self.backend = backend
        self.features = features
        self.range = range
        self.tokens = tokens
        self.layer = layer
    }

    /// N
    public var count: Int { range.count }

    /// How important each row is. [N]
    public func importance(_ metric: Importance) throws -> [Float] {
        try backend.importance(of: features, rows: range, metric: metric)
    }

    /// Connects each source row to the most similar destination row, of several the one that is listed first. No source
    /// is connected where there is no destination.
    ///
    /// - Parameters:
    ///   - sources: ascending.
    ///   - rectified: whether max(0, y) is compared instead of the features y.
    public func match(_ sources: [Int], to destinations: [Int], rectified: Bool = false) throws -> Matching {
        guard !sources.isEmpty, !destinations.isEmpty else { return Matching([]) }
        let first = range.lowerBound
        let matches = try backend.bestMatches(
            of: features, sources: sources.map { $0 + first }, destinations: destinations.map { $0 + first },
            rectified: rectified)
        return Matching(
            zip(sources, matches).map { source, match in
                Connection(
                    source: source, destination: destinations[match.destination], similarity: match.similarity)
            })
    }
}

/// What a method chose for one sequence, and what it chose by; rows count from the sequence's first.
public struct ReductionDecision: Sendable, Equatable {
    /// What the block's output loses.
    public var hidden: RowReduction
    /// What the residual stream loses: the same rows, merged in its own way.
    public var residual: RowReduction
    /// The importance of each row, where the method reads it.
    public var importance: [Float]?
    /// Every connection, where the method makes them.
    public var matching: Matching?
    /// The rows, ascending, that were connected to one of the rest, where the method chooses them.
    public var setA: [Int]?

    public init(
        hidden: RowReduction, residual: RowReduction, importance: [Float]? = nil, matching: Matching? = nil,
        setA: [Int]? = nil
    ) {
        self.hidden = hidden
        self.residual = residual
        self.importance = importance
        self.matching = matching
        self.setA = setA
    }
}
