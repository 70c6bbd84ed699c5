/// A node of one of several tries.
struct TriePlace: Hashable {
    let trie: Int
    let node: Int
}

/// Rows of a node that run in one pass.
struct TriePiece {
    let place: TriePlace
    /// Counted from the node's first.
    let rows: Range<Int>
}

/// Cuts nodes, in the order in which they are to run, into passes that stay within a budget.
///
/// What belongs together goes into one pass where that takes no more memory than a state which would have to be kept
/// between two; a node is cut only where it alone is longer than a pass.
struct PassCut {
    private(set) var passes: [[TriePiece]] = []
    private let budget: ScoringBudget
    private var pass: [TriePiece] = []
    private var rows = 0

    init(_ budget: ScoringBudget) { self.budget = budget }

    /// Adds nodes that begin in one another's states.
    mutating func add(_ nodes: [TriePiece]) {
        let count = nodes.reduce(0) { $0 + $1.rows.count }
        if !fits(rows: count, segments: nodes.count) { close() }
        if budget.holdsWhole(rows: rows + count, segments: pass.count + nodes.count) {
            pass += nodes
            rows += count
            return
        }
        for node in nodes {
            if !fits(rows: node.rows.count, segments: 1), node.rows.count <= budget.rows { close() }
            var rest = node.rows
            while !rest.isEmpty {
                if !fits(rows: 1, segments: 1) { close() }
                let part = rest.prefix(budget.rows - rows)
                pass.append(TriePiece(place: node.place, rows: part))
                rows += part.count
                rest = part.upperBound..<rest.upperBound
            }
        }
    }

    /// Ends a pass.
    mutating func close() {
        if !pass.isEmpty { passes.append(pass) }
        pass = []
        rows = 0
    }

    private func fits(rows count: Int, segments: Int) -> Bool {
        count <= budget.rows - rows && segments <= budget.segments - pass.count
    }
}
