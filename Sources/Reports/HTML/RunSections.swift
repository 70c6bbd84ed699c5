/// The parts of a run's page, each as markup to put below a heading of its own, for pages that are not one file.
public struct RunSections: Sendable {
    /// One part.
    public struct Section: Sendable {
        /// Unlike every other's of the page.
        public let id: String
        /// The heading.
        public let title: String
        /// What stands below it.
        public let markup: String
    }

    /// In the page's order.
    public let sections: [Section]
    /// What a reader of the figures must know: failures, missing rows, contradictions.
    public let notices: [String]

    /// The rules for the sections' classes, which need the custom properties `light` and `dark`.
    public static var css: String { PageStyle.rules + ChartStyle.css }
    /// Custom properties for a light page.
    public static var light: String { ChartStyle.light }
    /// Custom properties for a dark page.
    public static var dark: String { ChartStyle.dark }
}

extension RunReport {
    /// What `html()` writes, in parts.
    public func sections() -> RunSections {
        let page = HTMLPage(report: self)
        return RunSections(
            sections: page.sections.map { section in
                var markup = Markup()
                section.write(&markup)
                return RunSections.Section(id: section.id, title: section.title, markup: markup.text)
            }, notices: notices)
    }

    /// The short name of each reduction of the run, by its canonical JSON, in the manifest's order.
    public var reductionLabels: [(reduction: String, label: String)] {
        let labels = ReductionLabels(cells.map(\.cell.reduction))
        return cells.map(\.cell.reduction).firstOccurrences.map { ($0, labels[$0]) }
    }
}

/// The short names of reductions among one another: no two have the same.
///
/// - Parameter reductions: canonical JSON.
/// - Returns: the names in the same order.
public func reductionLabels(_ reductions: [String]) -> [String] {
    let labels = ReductionLabels(reductions)
    return reductions.map { labels[$0] }
}
