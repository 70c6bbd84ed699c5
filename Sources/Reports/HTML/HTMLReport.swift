import Foundation
import Wording

extension RunReport {
    /// The report as one page that needs no network and no script: tables, charts as SVG, light and dark, for screens,
    /// phones and paper.
    public func html() -> String { HTMLPage(report: self).text }
}

/// The page of a run.
struct HTMLPage {
    let report: RunReport
    let grid: PaperGrid
    let lines: SeriesBook

    init(report: RunReport) {
        self.report = report
        grid = report.paperGrid
        lines = SeriesBook(grid)
    }

    struct Section {
        let id, title: String
        let write: (inout Markup) -> Void
    }

    var sections: [Section] {
        var sections: [Section] = []
        if !report.measurements.isEmpty {
            sections.append(Section(id: "efficiency", title: "Memory and speed", write: efficiency))
        }
        guard !report.cells.isEmpty || report.measurements.isEmpty else {
            return sections + [Section(id: "identity", title: "What was run", write: identity)]
        }
        sections += [
            Section(id: "results", title: "Results", write: results),
            Section(id: "tradeoff", title: "Against FLOPs saved", write: tradeoff),
        ]
        if !report.families.isEmpty {
            sections.append(Section(id: "compared", title: "Paired comparisons", write: comparisons))
            sections.append(Section(id: "flips", title: "Flipped documents", write: flips))
        }
        return sections + [
            Section(id: "coverage", title: "Coverage and ties", write: coverage),
            Section(id: "reading", title: "How to read this", write: reading),
            Section(id: "identity", title: "What was run", write: identity),
        ]
    }

    var text: String {
        var page = Markup()
        page.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>")
        page.append("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>")
        // Nothing may be loaded, whatever a store's text holds.
        page.append(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src 'unsafe-inline'\"/>")
        page.element("title", "\(report.run.name) – run \(report.run.run)")
        page.append("<style>\n\(PageStyle.css)\n</style></head><body>\n")
        header(&page)
        page.append("<main>\n")
        for section in sections {
            page.element("section", ["aria-labelledby": section.id]) { page in
                page.element("h2", ["id": section.id], section.title)
                section.write(&page)
            }
            page.append("\n")
        }
        page.append("</main>\n</body></html>\n")
        return page.text
    }

    private func header(_ page: inout Markup) {
        let run = report.run
        page.element("header") { page in
            page.element(
                "p", ["class": "kicker"],
                "\(run.build) · run \(run.run) · \(minuteText(run.finished ?? run.created))")
            page.element("h1", run.name)
            let measures = report.benchmarks.count { $0.measure != nil }
            page.element("p", ["class": "lede"], lede(measures))
            warnings(&page)
            page.element("nav", ["aria-label": "Sections"]) { page in
                for section in sections { page.element("a", ["href": "#\(section.id)"], section.title) }
            }
        }
        page.append("\n")
    }

    /// What the run has, counted, and how it stands.
    private func lede(_ measures: Int) -> String {
        let benchmarks = report.benchmarks.count - measures
        var counts: [(count: Int, what: String)] = [(report.models.count, "model")]
        if measures > 0 {
            counts.append((measures, "measure"))
        } else {
            counts += [(lines.series.count, "method"), (benchmarks, "benchmark")]
        }
        let words = counts.map { counted($0.count, $0.what) }.joined(separator: ", ")
        let run = report.run
        return "\(words). \(run.state.rawValue.capitalized): \(grouped(run.rows)) of \(grouped(run.rowsExpected)) "
            + "\(measures > 0 ? "rows" : "scores") stored."
    }

    private func warnings(_ page: inout Markup) {
        let warnings = report.notices
        guard !warnings.isEmpty else { return }
        page.element("div", ["class": "warn", "role": "note"]) { page in
            page.element("ul") { page in
                for warning in warnings.prefix(12) { page.element("li", warning) }
                if warnings.count > 12 {
                    page.element("li", "and \(warnings.count - 12) more: coord report \(report.run.run)")
                }
            }
        }
    }
}

extension Markup {
    /// A table that scrolls sideways where it is wider than the page.
    public mutating func table(caption: String, _ content: (inout Markup) -> Void) {
        element("div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption]) { page in
            page.element("table") { page in
                page.element("caption") { $0.element("span", caption) }
                content(&page)
            }
        }
    }

    /// The head of a column of figures, or of text; with a second line.
    mutating func columnHead(_ title: String, _ subtitle: String = "", numeric: Bool = true, pinned: Bool = false) {
        element("th", ["scope": "col", "class": numeric ? "n" : pinned ? "pin" : ""]) { page in
            page.write(title)
            if !subtitle.isEmpty { page.element("small", subtitle) }
        }
    }
}
