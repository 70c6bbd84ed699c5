/// The reductions of one model and precision, each with its cells, in the manifest's order.
private struct Section {
    struct Reduction {
        let settings: [String: String]
        var cells: [ComparableCell]

        var method: String { settings["method"] ?? "" }
        var isControl: Bool { ["front", "random"].contains(method) }
        var isReleased: Bool { settings["variant"] == "released" }

        /// Whether two reductions shed as much, in the same layers, and are scored alike.
        func shedsLike(_ other: Reduction) -> Bool {
            ["keep_ratio", "flops", "layers", "scope", "align"].allSatisfy { settings[$0] == other.settings[$0] }
        }
    }

    let model: String
    let precision: String
    var reductions: [Reduction] = []

    /// The sections of a run's cells.
    static func sections(of cells: [ComparableCell]) -> [Section] {
        var sections: [Section] = []
        var places: [[String]: (section: Int, reduction: Int)] = [:]
        for cell in cells {
            let side = cell.side
            let key = [side.model, side.precision, side.reduction]
            if let place = places[key] {
                sections[place.section].reductions[place.reduction].cells.append(cell)
                continue
            }
            let found = sections.firstIndex { $0.model == side.model && $0.precision == side.precision }
            if found == nil { sections.append(Section(model: side.model, precision: side.precision)) }
            let section = found ?? sections.count - 1
            places[key] = (section, sections[section].reductions.count)
            sections[section].reductions.append(
                Reduction(settings: ReductionLabels.settings(side.reduction), cells: [cell]))
        }
        return sections
    }

    /// Compares each candidate with each of its baselines on every benchmark that both have; nil if none do.
    func family(
        _ question: ComparisonFamily.Question, _ words: String, baseline description: String, resamples: Int,
        pairs: (_ candidate: Reduction, _ baseline: Reduction) -> Bool
    ) throws(ComparisonError) -> ComparisonFamily? {
        var comparisons: [Comparison] = []
        for candidate in reductions {
            for baseline in reductions where pairs(candidate, baseline) {
                for cell in candidate.cells {
                    guard let other = baseline.cells.first(where: { $0.benchmark == cell.benchmark }) else { continue }
                    comparisons.append(try Comparison(baseline: other, candidate: cell, resamples: resamples))
                }
            }
        }
        guard !comparisons.isEmpty else { return nil }
        return ComparisonFamily(
            question: question, title: "\(model), \(precision): \(words)", baselineDescription: description,
            comparisons: comparisons)
    }
}

extension ComparisonFamily {
    /// The families that a run's cells answer, by model and precision, then by question; without the empty ones.
    static func families(of cells: [ComparableCell], resamples: Int) throws(ComparisonError) -> [ComparisonFamily] {
        var families: [ComparisonFamily?] = []
        for section in Section.sections(of: cells) {
            families.append(
                try section.family(
                    .baseline, "reductions against none", baseline: "the unreduced model", resamples: resamples
                ) { $1.method == "none" && $0.method != "none" })
            families.append(
                try section.family(
                    .controls, "methods against content-free controls",
                    baseline: "front or random with the same amount, layers, scope and alignment", resamples: resamples
                ) { $1.isControl && !$0.isControl && $0.method != "none" && $0.shedsLike($1) })
            families.append(
                try section.family(
                    .variants, "the paper's methods against the released code",
                    baseline: "the same method as released, with the same amount, layers, scope and alignment",
                    resamples: resamples
                ) { $1.isReleased && !$0.isReleased && $0.method == $1.method && $0.shedsLike($1) })
        }
        return families.compactMap { $0 }
    }
}
