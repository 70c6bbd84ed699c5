/// Token sequences as a tree in which what several of them begin with stands once.
struct TokenTrie: Sendable {
    /// Tokens that one or more sequences have in common, after the parent's.
    struct Node: Sendable {
        let parent: Int?
        /// The parent's level + 1; 0 without one.
        let level: Int
        let tokens: ArraySlice<Int32>
        /// Where in its sequences the first of the tokens stands.
        let start: Int
        fileprivate(set) var hasChildren = false

        /// The rows of a sequence that are this node's.
        var rows: Range<Int> { start..<start + tokens.count }
    }

    /// Parents before their children.
    private(set) var nodes: [Node] = []
    /// For each sequence, the node that ends it; nil for an empty one.
    private(set) var ends: [Int?]

    /// - Parameter minimumSaving: how many rows a node has to save for its sequences to be worth parting only after it.
    init(_ sequences: [ArraySlice<Int32>], minimumSaving: Int) {
        ends = Array(repeating: nil, count: sequences.count)
        guard !sequences.isEmpty else { return }
        grow(
            Array(sequences.indices), of: sequences, agreeing: 0, from: 0, below: nil,
            minimumSaving: max(1, minimumSaving))
    }

    /// The nodes of a sequence, first to last.
    func path(of sequence: Int) -> [Int] {
        var path: [Int] = []
        var node = ends[sequence]
        while let current = node {
            path.append(current)
            node = nodes[current].parent
        }
        return path.reversed()
    }

    /// The rows of all nodes.
    var rowCount: Int { nodes.reduce(0) { $0 + $1.tokens.count } }

    /// The rows of the nodes without a parent.
    var rootRowCount: Int { nodes.reduce(0) { $0 + ($1.level == 0 ? $1.tokens.count : 0) } }

    /// The nodes that others follow.
    var forkCount: Int { nodes.count { $0.hasChildren } }

    /// Adds what sequences, which have their first `known` tokens in common, hold from token `first` on.
    private mutating func grow(
        _ members: [Int], of sequences: [ArraySlice<Int32>], agreeing known: Int, from first: Int, below parent: Int?,
        minimumSaving: Int
    ) {
        let common = Self.commonLength(members.map { sequences[$0] }, from: known)
        let parts = Self.parts(members, of: sequences, at: common)
        let isShared = common > first && (common - first) * (parts.count - 1) >= minimumSaving
        if parts.count == 1 || isShared {
            let node = add(sequences[members[0]], first..<common, below: parent)
            if parts.count == 1 {
                for member in members { ends[member] = node }
                return
            }
            for part in parts { grow(part, of: sequences, agreeing: common, from: common, below: node) }
        } else {
            for part in parts { grow(part, of: sequences, agreeing: common, from: first, below: parent) }
        }

        func grow(
            _ part: [Int], of sequences: [ArraySlice<Int32>], agreeing known: Int, from first: Int, below parent: Int?
        ) {
            self.grow(
                part, of: sequences, agreeing: known, from: first, below: parent, minimumSaving: minimumSaving)
        }
    }

    /// The node of the given tokens; the parent itself where there are none.
    private mutating func add(_ sequence: ArraySlice<Int32>, _ range: Range<Int>, below parent: Int?) -> Int? {
        guard !range.isEmpty else { return parent }
        if let parent { nodes[parent].hasChildren = true }
        nodes.append(
            Node(
                parent: parent, level: parent.map { nodes[$0].level + 1 } ?? 0,
                tokens: sequence.dropFirst(range.lowerBound).prefix(range.count), start: range.lowerBound))
        return nodes.count - 1
    }

    /// How many tokens all sequences begin with, `known` of which are known to be.
    static func commonLength(_ sequences: [ArraySlice<Int32>], from known: Int) -> Int {
        guard let first = sequences.first else { return 0 }
        return sequences.dropFirst().reduce(first.count) { length, other in
            let limit = min(length, other.count)
            let (left, right) = (first.startIndex, other.startIndex)
            return (known..<max(known, limit)).first { first[left + $0] != other[right + $0] } ?? limit
        }
    }

    /// Parted by their token at `index`, those that have none together, in the order in which each first occurs.
    private static func parts(_ members: [Int], of sequences: [ArraySlice<Int32>], at index: Int) -> [[Int]] {
        var parts: [[Int]] = []
        var known: [Int32?: Int] = [:]
        for member in members {
            let sequence = sequences[member]
            let token = index < sequence.count ? sequence[sequence.startIndex + index] : nil
            if let part = known[token] {
                parts[part].append(member)
            } else {
                known[token] = parts.count
                parts.append([member])
            }
        }
        return parts
    }
}
