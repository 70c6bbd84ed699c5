import Mamba
import Operations

/// Goes through tries level by level, so that nodes of one depth of many tries run in one pass, each from the state
/// that its parent left.
struct TrieWalk<B: Backend> {
    /// A node of one of the tries.
    struct Place: Hashable {
        let trie: Int
        let node: Int
    }

    /// Nodes that run together.
    struct Pass {
        let nodes: [Place]
        let tokens: [Int32]
        let segments: Segments
        /// nil where nothing has been read yet.
        let starts: [SequenceState<B>]?
        /// The segments whose last state is wanted.
        let kept: [Int]
    }

    private let tries: [TokenTrie]
    private let roots: [SequenceState<B>]?
    private let wanted: Set<Place>
    private var level = 0
    private var states: [Place: SequenceState<B>] = [:]
    private(set) var lastStates: [Place: SequenceState<B>] = [:]

    /// - Parameters:
    ///   - roots: the state that each trie goes on from; nil where nothing has been read yet.
    ///   - wanted: nodes whose state is to be found in `lastStates` after the walk.
    init(_ tries: [TokenTrie], after roots: [SequenceState<B>]?, wanting wanted: Set<Place> = []) {
        self.tries = tries
        self.roots = roots
        self.wanted = wanted
    }

    /// The nodes whose parents have run; nil after the last. The states of their parents' parents are given up.
    mutating func nextLevel() -> [Place]? {
        states = states.filter { tries[$0.key.trie].nodes[$0.key.node].level + 1 == level }
        let places = tries.indices.flatMap { trie in
            tries[trie].nodes.indices.filter { tries[trie].nodes[$0].level == level }.map {
                Place(trie: trie, node: $0)
            }
        }
        level += 1
        return places.isEmpty ? nil : places
    }

    /// A level's nodes, by such as run together.
    func passes(of level: [Place], within budget: ScoringBudget) -> [Pass] {
        let limit = Demand(rows: budget.rows, segments: budget.segments)
        return batches(of: level, within: limit) { Demand(rows: node($0).tokens.count, segments: 1) }.map { batch in
            let nodes = Array(batch)
            return Pass(
                nodes: nodes, tokens: nodes.flatMap { node($0).tokens },
                segments: Segments(lengths: nodes.map { node($0).tokens.count }), starts: starts(of: nodes),
                kept: nodes.indices.filter { node(nodes[$0]).hasChildren || wanted.contains(nodes[$0]) })
        }
    }

    /// Takes the states that a pass kept.
    mutating func keep(_ packed: ModelState<B>, of pass: Pass) {
        for (index, segment) in pass.kept.enumerated() {
            let place = pass.nodes[segment]
            if node(place).hasChildren { states[place] = packed[index] }
            if wanted.contains(place) { lastStates[place] = packed[index] }
        }
    }

    private func node(_ place: Place) -> TokenTrie.Node { tries[place.trie].nodes[place.node] }

    private func starts(of nodes: [Place]) -> [SequenceState<B>]? {
        let known = nodes.compactMap { place -> SequenceState<B>? in
            guard let parent = node(place).parent else { return roots?[place.trie] }
            return states[Place(trie: place.trie, node: parent)]
        }
        precondition(known.isEmpty || known.count == nodes.count, "a node before its parent")
        return known.isEmpty ? nil : known
    }
}
