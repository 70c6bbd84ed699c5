import Operations

/// A row, the row that it is most like, and how like they are.
public struct Connection: Sendable, Equatable {
    public let source: Int
    public let destination: Int
    /// Cosine similarity.
    public let similarity: Float

    public init(source: Int, destination: Int, similarity: Float) {
        self.source = source
        self.destination = destination
        self.similarity = similarity
    }
}

extension Sequence<Connection> {
    /// The most similar first, ties by the lower source.
    func mostSimilarFirst() -> [Connection] {
        sorted { (-$0.similarity, $0.source) < (-$1.similarity, $1.source) }
    }
}

extension SequenceRows {
    /// Connects the rows at even places of a list, counted from 0, to those at odd places.
    func connectionsOfEvenToOdd(in list: [Int]) throws -> [Connection] {
        func places(from first: Int) -> [Int] { stride(from: first, to: list.count, by: 2).map { list[$0] } }
        return try connections(from: places(from: 0), to: places(from: 1))
    }
}

extension ReductionMethod {
    /// The rows in the order of their importance, ties by the lower index.
    func leastImportantFirst(_ importance: [Float]) -> [Int] {
        importance.indices.sorted { (importance[$0], $0) < (importance[$1], $1) }
    }
}

extension RowReduction {
    /// What is left of `rows` rows when some are pruned and the sources of connections merge into their destinations.
    ///
    /// - Precondition: No row is gone twice, and no destination is among those that go.
    init(
        of rows: Int, pruning pruned: some Collection<Int> = [], merging merged: some Collection<Connection> = []
    ) {
        let gone = Set(pruned).union(merged.map(\.source))
        let groups = Dictionary(grouping: merged, by: \.destination).sorted { $0.key < $1.key }
        self.init(
            kept: (0..<rows).filter { !gone.contains($0) },
            merges: groups.map { destination, group in
                Merge(destination: destination, sources: group.map(\.source).sorted())
            })
    }
}
