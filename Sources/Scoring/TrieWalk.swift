import Mamba
import Operations

/// Goes through tries in passes, each node from the state that its parent left: within a pass where the backend forks
/// there, else from states that are kept between passes.
struct TrieWalk<B: Backend> {
    /// Pieces that run together.
    struct Pass {
        let pieces: [TriePiece]
        let tokens: [Int32]
        let segments: Segments
        /// nil where nothing has been read yet, and for a piece that goes on within the pass.
        let starts: [SequenceState<B>?]?
        /// The segments whose last state is wanted.
        let kept: [Int]
    }

    private let tries: [TokenTrie]
    private let roots: [SequenceState<B>]?
    private let wanted: Set<TriePlace>
    private let passes: [[TriePiece]]
    /// For each node that another pass goes on from, the last one that does.
    private var lastUses: [TriePlace: Int] = [:]
    private var next = 0
    private var states: [TriePlace: SequenceState<B>] = [:]
    private(set) var lastStates: [TriePlace: SequenceState<B>] = [:]

    /// - Parameters:
    ///   - roots: the state that each trie goes on from; nil where nothing has been read yet.
    ///   - wanted: nodes whose state is to be found in `lastStates` after the walk.
    ///   - forking: whether a node may run in its parent's pass.
    init(
        _ tries: [TokenTrie], after roots: [SequenceState<B>]?, wanting wanted: Set<TriePlace> = [],
        within budget: ScoringBudget, forking: Bool
    ) {
        self.tries = tries
        self.roots = roots
        self.wanted = wanted
        var cut = PassCut(budget)
        if forking {
            for trie in tries.indices { cut.add(tries[trie].nodes.indices.map { tries.piece(trie, $0) }) }
        } else {
            for level in 0..<(tries.lazy.flatMap(\.nodes).map { $0.level + 1 }.max() ?? 0) {
                for trie in tries.indices {
                    for node in tries[trie].nodes.indices where tries[trie].nodes[node].level == level {
                        cut.add([tries.piece(trie, node)])
                    }
                }
                cut.close()
            }
        }
        cut.close()
        passes = cut.passes
        for (number, pass) in passes.enumerated() {
            for piece in pass { if let origin = origin(of: piece) { lastUses[origin] = number } }
        }
    }

    /// The next pass, whose kept states are to be handed back before the one after it; nil after the last.
    func nextPass() -> Pass? {
        guard next < passes.count else { return nil }
        let pieces = passes[next]
        var running: [TriePlace: Int] = [:]
        var parents: [Int?] = []
        var starts: [SequenceState<B>?] = []
        for (segment, piece) in pieces.enumerated() {
            let origin = origin(of: piece)
            let parent = origin.flatMap { running[$0] }
            let start = parent == nil ? origin.map { states[$0] } ?? roots?[piece.place.trie] : nil
            precondition(origin == nil || parent != nil || start != nil, "a node before its parent")
            parents.append(parent)
            starts.append(start)
            running[piece.place] = segment
        }
        return Pass(
            pieces: pieces,
            tokens: pieces.flatMap { node($0.place).tokens.dropFirst($0.rows.lowerBound).prefix($0.rows.count) },
            segments: Segments(lengths: pieces.map(\.rows.count), after: parents),
            starts: starts.allSatisfy { $0 == nil } ? nil : starts,
            kept: pieces.indices.filter { isUsedLater(pieces[$0]) || isWanted(pieces[$0]) })
    }

    /// Takes the states that the pass kept, and gives up those that no later one goes on from.
    mutating func keep(_ packed: ModelState<B>, of pass: Pass) {
        for (index, segment) in pass.kept.enumerated() {
            let piece = pass.pieces[segment]
            if isUsedLater(piece) { states[piece.place] = packed[index] }
            if isWanted(piece) { lastStates[piece.place] = packed[index] }
        }
        states = states.filter { lastUses[$0.key, default: next] > next }
        next += 1
    }

    /// What a piece goes on from: the rows of its node before it, or its node's parent; nil at a trie's root.
    private func origin(of piece: TriePiece) -> TriePlace? {
        guard piece.rows.lowerBound == 0 else { return piece.place }
        return node(piece.place).parent.map { TriePlace(trie: piece.place.trie, node: $0) }
    }

    private func isUsedLater(_ piece: TriePiece) -> Bool { lastUses[piece.place, default: next] > next }

    private func isWanted(_ piece: TriePiece) -> Bool {
        wanted.contains(piece.place) && piece.rows.upperBound == node(piece.place).tokens.count
    }

    private func node(_ place: TriePlace) -> TokenTrie.Node { tries[place.trie].nodes[place.node] }
}

extension [TokenTrie] {
    /// All rows of a node.
    fileprivate func piece(_ trie: Int, _ node: Int) -> TriePiece {
        TriePiece(place: TriePlace(trie: trie, node: node), rows: 0..<self[trie].nodes[node].tokens.count)
    }
}
