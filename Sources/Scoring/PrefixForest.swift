/// Whether rows that several sequences share run once. It never changes a score; `off` is there to measure by.
public enum PrefixSharing: String, Sendable, CaseIterable {
    case on, off
}

/// Sequences, in their order, gathered into trees of such as begin alike.
struct PrefixForest: Sendable {
    /// Consecutive sequences that begin alike.
    struct Tree: Sendable {
        /// The sequences' places.
        let members: Range<Int>
        /// Member i is its sequence i.
        let trie: TokenTrie
    }

    private(set) var trees: [Tree] = []

    /// - Parameters:
    ///   - minimumSaving: rows that have to be saved where sequences are shared.
    ///   - fits: whether a tree may be held at a time; one that may not, and has several sequences, is halved.
    init(
        _ sequences: [ArraySlice<Int32>], sharing: PrefixSharing, minimumSaving: Int, fits: (Tree) -> Bool
    ) {
        func add(_ members: Range<Int>) {
            let tree = Tree(
                members: members, trie: TokenTrie(Array(sequences[members]), minimumSaving: minimumSaving))
            if members.count == 1 || fits(tree) {
                trees.append(tree)
            } else {
                let middle = members.lowerBound + members.count / 2
                add(members.lowerBound..<middle)
                add(middle..<members.upperBound)
            }
        }
        var start = 0
        for end in sequences.indices.map({ $0 + 1 }) {
            let isLast = end == sequences.count
            if isLast || sharing == .off || !Self.beginAlike(sequences[end - 1], sequences[end], minimumSaving) {
                add(start..<end)
                start = end
            }
        }
    }

    private static func beginAlike(_ left: ArraySlice<Int32>, _ right: ArraySlice<Int32>, _ count: Int) -> Bool {
        left.count >= count && right.count >= count && left.prefix(count) == right.prefix(count) || left == right
    }
}
