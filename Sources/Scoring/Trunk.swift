import Mamba

/// Rows that run, and are reduced, once for one or more sequences.
///
/// In context scope: a prefix, which is reduced, and the scored rows that all its sequences begin with, which are not;
/// the sequences' other rows follow from its state. In sequence scope: a whole sequence.
struct Trunk: Sendable {
    let tokens: ArraySlice<Int32>
    /// The first so many rows take part in the reduction.
    let reducible: Int
    /// The places of the sequences that it is for.
    let sequences: [Int]
    /// What each of the sequences has beyond the trunk.
    let tails: TokenTrie

    /// How many rows at the end take no part in the reduction.
    var spared: Int { tokens.count - reducible }

    /// The trunks of sequences, in the order in which each first occurs.
    static func trunks(
        of sequences: [ScoredSequence], scope: Reduction.Scope, sharing: PrefixSharing, minimumSaving: Int
    ) -> [Trunk] {
        var groups: [[Int]] = []
        var known: [ArraySlice<Int32>: Int] = [:]
        for (place, sequence) in sequences.enumerated() {
            // A context of one token has no prefix; its sequences share that token.
            let key = scope == .context ? sequence.input.prefix(max(1, sequence.prefix.count)) : sequence.input[...]
            if sharing == .on, let group = known[key] {
                groups[group].append(place)
            } else {
                known[key] = groups.count
                groups.append([place])
            }
        }
        return groups.map { group in
            let first = sequences[group[0]]
            let inputs = group.map { sequences[$0].input[...] }
            let reducible = scope == .context ? first.prefix.count : first.input.count
            let length = TokenTrie.commonLength(inputs, from: reducible)
            return Trunk(
                tokens: first.input.prefix(length), reducible: reducible, sequences: group,
                tails: TokenTrie(inputs.map { $0.dropFirst(length) }, minimumSaving: minimumSaving))
        }
    }
}
