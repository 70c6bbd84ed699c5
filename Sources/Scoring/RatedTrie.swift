/// Rows of a pass, and what each is to rate; a row may occur repeatedly.
struct RatedRows: Sendable {
    private(set) var rows: [Int] = []
    private(set) var ratings: [Rating] = []

    mutating func append(_ row: Int, _ rating: Rating) {
        rows.append(row)
        ratings.append(rating)
    }

    /// Adds what `other` has for rows in `range`, which becomes `offset` and following.
    mutating func append(_ other: RatedRows, in range: Range<Int>, from offset: Int) {
        for (row, rating) in zip(other.rows, other.ratings) where range.contains(row) {
            append(row - range.lowerBound + offset, rating)
        }
    }
}

/// A trie with what its nodes' rows rate.
struct RatedTrie: Sendable {
    let trie: TokenTrie
    /// By node; rows count from the node's first.
    private(set) var ratings: [RatedRows]

    /// - Parameters:
    ///   - members: the places of the trie's sequences.
    ///   - offset: how many rows of each sequence come before the trie.
    init(_ trie: TokenTrie, of members: [Int], after offset: Int, _ sequences: [ScoredSequence]) {
        self.trie = trie
        ratings = Array(repeating: RatedRows(), count: trie.nodes.count)
        for (index, place) in members.enumerated() {
            let first = sequences[place].prefix.count
            for node in trie.path(of: index) {
                let rows = trie.nodes[node].rows
                for row in rows where offset + row >= first {
                    ratings[node].append(
                        row - rows.lowerBound, Rating(sequence: place, token: offset + row - first))
                }
            }
        }
    }
}
