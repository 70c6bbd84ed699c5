/// Which values each key takes among some reductions, counted once so that every reduction is held against all others
/// in a few look-ups.
struct ReductionSpread {
    /// Keys, each with the one that settles it.
    static let consequences = [("align", "scope"), ("source", "variant")]

    private struct Key: Hashable {
        /// nil: of any method.
        let method: String?
        let key: String
    }

    private struct Cause: Hashable {
        let method: String
        let key: String
        let cause: ReductionSettings.Value
    }

    private var reductions: [String: Int] = [:]
    private var values: [Key: Set<ReductionSettings.Value>] = [:]
    private var owners: [Key: Int] = [:]
    private var followers: [Cause: Set<ReductionSettings.Value?>] = [:]

    init(_ all: [ReductionSettings]) {
        for settings in all {
            let method = settings.method
            reductions[method, default: 0] += 1
            for key in settings.keys {
                guard let value = settings[key] else { continue }
                for place in [Key(method: method, key: key), Key(method: nil, key: key)] {
                    values[place, default: []].insert(value)
                    owners[place, default: 0] += 1
                }
            }
            for (key, cause) in Self.consequences {
                guard let value = settings[cause] else { continue }
                followers[Cause(method: method, key: key, cause: value), default: []].insert(settings[key])
            }
        }
    }

    /// Whether two reductions that have the key, of the method or of any, differ in it; or with `orMissing` one of the
    /// method does not have it.
    func differs(_ key: String, in method: String? = nil, orMissing: Bool = false) -> Bool {
        let place = Key(method: method, key: key)
        if (values[place]?.count ?? 0) > 1 { return true }
        return orMissing && method.map { owners[place] ?? 0 < reductions[$0] ?? 0 } ?? false
    }

    /// Whether all of the method that agree with a reduction in the cause agree with it in the key too.
    func follows(_ key: String, from cause: String, in settings: ReductionSettings) -> Bool {
        guard let value = settings[cause] else { return false }
        return followers[Cause(method: settings.method, key: key, cause: value)]?.count == 1
    }
}
