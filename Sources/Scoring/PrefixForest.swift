/// Sequences gathered under the prefixes that they share, so that each prefix runs once.
struct PrefixForest: Sendable {
    /// A prefix and the sequences that continue it.
    struct Tree: Sendable {
        let prefix: [Int32]
        var sequences: [ScoredSequence]
    }

    /// In the order in which their prefixes first occur.
    private(set) var trees: [Tree] = []

    init(_ sequences: [ScoredSequence]) {
        var known: [ArraySlice<Int32>: Int] = [:]
        for sequence in sequences {
            if let tree = known[sequence.prefix] {
                trees[tree].sequences.append(sequence)
            } else {
                known[sequence.prefix] = trees.count
                trees.append(Tree(prefix: Array(sequence.prefix), sequences: [sequence]))
            }
        }
    }
}

/// Consecutive runs of `items` whose summed cost stays within `limit` and whose number within `count`; an item that
/// alone is over the limit makes a batch of its own.
func batches<Item>(of items: [Item], count: Int, limit: Int, cost: (Item) -> Int) -> [ArraySlice<Item>] {
    var result: [ArraySlice<Item>] = []
    var start = 0
    var total = 0
    for (index, item) in items.enumerated() {
        let next = cost(item)
        if index > start, total + next > limit || index - start >= count {
            result.append(items[start..<index])
            start = index
            total = 0
        }
        total += next
    }
    if start < items.count { result.append(items[start...]) }
    return result
}
