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

/// Rows that are each connected to the row of another set that they are most like.
public struct Matching: Sendable, Equatable {
    /// One of each source, ascending.
    public let connections: [Connection]

    /// - Precondition: The sources ascend.
    public init(_ connections: [Connection]) {
        precondition(zip(connections, connections.dropFirst()).allSatisfy { $0.source < $1.source })
        self.connections = connections
    }

    /// The `count` most similar connections, best first, ties by the lower source; the others are not sorted.
    public func mostSimilar(_ count: Int) -> [Connection] { placesOfMostSimilar(count).map { connections[$0] } }

    /// Where those stand in `connections`.
    func placesOfMostSimilar(_ count: Int) -> [Int] {
        var ranking = Ranking(connections.lazy.map { -$0.similarity })
        return ranking.first(count)
    }
}

extension RowReduction {
    /// What is left of `rows` rows when some are pruned and the sources of connections merge into their destinations.
    ///
    /// - Precondition: No row is gone twice, and no destination is among those that go.
    init(
        of rows: Int, pruning pruned: some Collection<Int> = [], merging merged: some Collection<Connection> = []
    ) {
        var merges: [Merge] = []
        for connection in merged.sorted(by: { ($0.destination, $0.source) < ($1.destination, $1.source) }) {
            if let last = merges.last, last.destination == connection.destination {
                merges[merges.count - 1].sources.append(connection.source)
            } else {
                merges.append(Merge(destination: connection.destination, sources: [connection.source]))
            }
        }
        var stays = [Bool](repeating: true, count: rows)
        for row in pruned { stays[row] = false }
        for connection in merged { stays[connection.source] = false }
        self.init(kept: (0..<rows).filter { stays[$0] }, merges: merges)
    }
}
