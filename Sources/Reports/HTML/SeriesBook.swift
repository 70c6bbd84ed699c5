/// The lines of a page's charts: every method with its settings, whatever the amount, and each line's colour and marker
/// for the whole page.
struct SeriesBook {
    /// A method with settings that differ from another's in more than the amount.
    struct Entry: Hashable {
        let method: String
        let details: String
        /// Every setting but the amount.
        let identity: [String]

        var label: String { details.isEmpty ? method : "\(method) \(details)" }
    }

    /// In the manifest's order, without `none`.
    private(set) var series: [Entry] = []
    private var places: [Entry: Int] = [:]
    private var byReduction: [String: Entry] = [:]
    private let labels: ReductionLabels

    init(_ grid: PaperGrid) {
        labels = ReductionLabels(grid.rows.map(\.reduction.json))
        for row in grid.rows where !row.isNone {
            let settings = row.reduction
            let keys = settings.keys.filter { !ReductionLabels.amounts.contains($0) }
            let entry = Entry(
                method: settings.method, details: row.details,
                identity: keys.map { "\($0)=\(settings[$0]?.text ?? "")" })
            byReduction[row.reduction.json] = entry
            guard places[entry] == nil else { continue }
            places[entry] = series.count
            series.append(entry)
        }
    }

    /// The line of a reduction; nil for `none`.
    func entry(_ reduction: String) -> Entry? { byReduction[reduction] }

    /// The colour and marker of a reduction; nil for `none`.
    func style(_ reduction: String) -> Int? { entry(reduction).flatMap { places[$0] } }

    /// A reduction as charts name it: `utrc 20 %, released`.
    func name(_ reduction: String) -> String {
        let settings = labels.settings(reduction)
        guard settings.method != "none" else { return "none" }
        let details = labels.details(reduction)
        return "\(settings.method) \(settings.target)" + (details.isEmpty ? "" : ", \(details)")
    }

    /// What the colours and markers mean.
    func key(_ page: inout Markup) {
        page.element("ul", ["class": "key", "aria-label": "Methods"]) { page in
            for (position, entry) in series.enumerated() {
                page.element("li", ["class": ChartStyle.seriesClass(position)]) { page in
                    page.element("svg", ["viewBox": "0 0 14 14", "aria-hidden": "true"]) { svg in
                        svg.leaf("path", ["class": "swatch", "d": ChartMarker(position).path(x: 7, y: 7, radius: 5.5)])
                    }
                    page.write(entry.label)
                }
            }
        }
    }
}
