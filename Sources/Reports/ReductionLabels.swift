/// Short names for a run's reductions: the method, how far it goes, and whatever else tells it from the others.
///
/// What differs only because something else does is left out: the alignment that a scope brings, the source that a
/// variant reads. No two reductions have the same label.
struct ReductionLabels {
    private struct Entry {
        let settings: ReductionSettings
        /// The keys that are shown beside the method and the amount, most telling first.
        let keys: [String]
        let label: String
    }

    private var entries: [String: Entry] = [:]

    /// The keys that say how far a reduction goes: always shown.
    static let amounts = ["flops", "keep_ratio"]
    /// The order in which what differs is told.
    private static let order = [
        "variant", "scope", "align", "importance", "source", "layers", "hidden_prune", "residual_prune", "seed",
    ]

    /// `reductions` are canonical JSON. Takes time in proportion to them.
    init(_ reductions: [String]) {
        let parsed = Set(reductions).sorted().map(ReductionSettings.init)
        let spread = ReductionSpread(parsed)
        let short = parsed.map { ReductionLabels.name($0, ReductionLabels.telling($0, spread)) }
        let sharers = Dictionary(short.map { ($0, 1) }, uniquingKeysWith: +)
        var taken: Set<String> = []
        var numbers: [String: Int] = [:]
        for (settings, name) in zip(parsed, short) {
            // A key that only one of two has is told where nothing else tells them apart.
            let keys = ReductionLabels.telling(settings, spread, orMissing: sharers[name] != 1)
            let full = ReductionLabels.name(settings, keys)
            var label = full
            var number = numbers[full] ?? 1
            while !taken.insert(label).inserted {
                number += 1
                label = "\(full) (\(number))"
            }
            numbers[full] = number
            entries[settings.json] = Entry(settings: settings, keys: keys, label: label)
        }
    }

    private static func name(_ settings: ReductionSettings, _ keys: [String]) -> String {
        ([settings.method] + keys.map { "\($0)=\(settings[$0]?.text ?? "")" }).joined(separator: " ")
    }

    /// The label of one of the reductions: `utrc flops=0.2 scope=context`.
    subscript(reduction: String) -> String { entries[reduction]?.label ?? reduction }

    /// The reduction's settings.
    func settings(_ reduction: String) -> ReductionSettings {
        entries[reduction]?.settings ?? ReductionSettings(reduction)
    }

    /// The values of a reduction's keys as text, without the nulls.
    static func settings(_ reduction: String) -> [String: String] {
        let settings = ReductionSettings(reduction)
        return Dictionary(uniqueKeysWithValues: settings.keys.map { ($0, settings[$0]?.text ?? "") })
    }

    /// What the label says beside the method and the amount, in words: `released, sequence, seed 2`.
    func details(_ reduction: String) -> String {
        guard let entry = entries[reduction] else { return "" }
        return entry.keys.filter { !ReductionLabels.amounts.contains($0) }.map { key in
            let text = entry.settings[key]?.text ?? ""
            // Such a value says by itself what it is about.
            if ["variant", "scope", "importance"].contains(key) { return text }
            return "\(key.replacing("_", with: " ")) \(text)"
        }.joined(separator: ", ")
    }

    /// The keys that a label has beside the method.
    private static func telling(
        _ settings: ReductionSettings, _ spread: ReductionSpread, orMissing: Bool = false
    ) -> [String] {
        var keys = settings.keys.filter { key in
            guard key != "method" else { return false }
            if amounts.contains(key) || spread.differs(key, in: settings.method, orMissing: orMissing) { return true }
            // Of a run that mixes scopes every label says which; a released variant is always named.
            return key == "scope" && spread.differs(key) || key == "variant" && settings[key]?.text != "paper"
        }
        for (key, cause) in ReductionSpread.consequences where keys.contains(cause) {
            if spread.follows(key, from: cause, in: settings) { keys.removeAll { $0 == key } }
        }
        return keys.sorted { place($0) < place($1) }
    }

    private static func place(_ key: String) -> (Int, String) {
        if amounts.contains(key) { return (-1, key) }
        return (order.firstIndex(of: key) ?? order.count, key)
    }
}
