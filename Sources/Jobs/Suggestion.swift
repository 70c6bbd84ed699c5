/// The known names, and which of them a misspelt one may have meant: `known: name, models; did you mean 'name'?`.
func known(_ names: [String], insteadOf given: String) -> String {
    "known: \(names.joined(separator: ", "))\(suggestion(for: given, among: names))"
}

/// `; did you mean 'method'?` where one of the names is at most two edits from the one given, else nothing.
func suggestion(for given: String, among names: [String]) -> String {
    nearest(to: given, among: names).map { "; did you mean '\($0)'?" } ?? ""
}

/// The name fewest edits away, of several the first; nil where none is within two edits, fewer for a short name.
private func nearest(to given: String, among names: [String]) -> String? {
    guard given.count <= 64 else { return nil }
    let limit = min(2, given.count - 1)
    return names.map { (name: $0, distance: edits(from: given.lowercased(), to: $0)) }
        .filter { $0.distance <= limit }
        .min { $0.distance < $1.distance }?.name
}

/// Insertions, removals, replacements and exchanges of neighbours that lead from one text to the other: the optimal
/// string alignment distance.
private func edits(from first: String, to second: String) -> Int {
    let (first, second) = (Array(first), Array(second))
    var before: [Int] = []
    var last = Array(0...second.count)
    for i in first.indices {
        var row = [i + 1]
        for j in second.indices {
            var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (first[i] == second[j] ? 0 : 1))
            if i > 0, j > 0, first[i] == second[j - 1], first[i - 1] == second[j] {
                best = min(best, before[j - 1] + 1)
            }
            row.append(best)
        }
        (before, last) = (last, row)
    }
    return last[second.count]
}
