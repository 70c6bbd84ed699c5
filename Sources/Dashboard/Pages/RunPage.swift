import Benchmarks
import Reports
import Store
import Wording

extension Page {
    /// One run: how it goes, the paper's table, charts, differences.
    static func run(
        _ run: RunSummary, figures: (value: RunFigures, isCurrent: Bool)?, outline: RunOutline
    ) -> Page {
        let head = run.head
        return Page(head.run, at: .runs, listens: "run \(head.run)") { page in
            page.element("p", ["class": "kicker"]) { page in
                page.element("a", ["href": "/"], "Runs")
                page.write(" / accepted \(Show.time(head.created)) UTC by \(head.build)")
            }
            page.element("h1", head.run)
            page.live("standing") { standing(run, &$0) }
            guard let figures else {
                page.live("figures") { page in
                    page.element("p", ["class": "empty"], "The figures are being computed; they appear here.")
                }
                links(head.run, outline, nil, &page)
                return
            }
            page.live("notices") { notices(figures.value.sections.notices, head.run, &$0) }
            page.element("nav", ["class": "sections", "aria-label": "Sections"]) { page in
                for section in figures.value.sections.sections { page.link("#\(section.id)", section.title) }
                if figures.value.sections.sections.contains(where: { $0.id == "results" }) {
                    page.link("#examples", "Examples")
                }
            }
            for section in figures.value.sections.sections {
                page.element("section", ["aria-labelledby": section.id]) { page in
                    page.element("h2", ["id": section.id], section.title)
                    page.live("part-\(section.id)") { $0.append(section.markup) }
                }
                if section.id == "results" { links(head.run, outline, figures.value.report, &page) }
            }
        }
    }

    private static func standing(_ run: RunSummary, _ page: inout Markup) {
        let head = run.head
        page.element("div", ["class": "standing"]) { page in
            state(head.state.rawValue, of: head.run, &page)
            page.bar(run.share, isWhole: run.share == 1)
            page.element("strong", run.share.map(Show.percent) ?? "…")
        }
        page.element("dl", ["class": "facts"]) { page in
            let counts = run.rows.flatMap { rows in
                run.rowsExpected.map { "\(grouped(rows)) of \(grouped($0))" }
            }
            page.fact("Documents", counts ?? "…")
            page.fact("Cells", "\(head.cells)")
            page.fact("Failed", grouped(head.failures), isBad: head.failures > 0)
            if let live = run.live {
                page.fact("Tokens/s", grouped(Int(min(run.tokensPerSecond, 1e15))))
                page.fact("Time left", run.secondsLeft.map(Show.duration) ?? "–")
                page.fact("Jobs", "\(live.jobsLeased) computed, \(live.jobsOpen) open")
                if live.checksOpen > 0 { page.fact("To be compared", grouped(live.checksOpen)) }
            } else if let finished = head.finished {
                page.fact("Took", Show.duration(finished - head.created))
            }
        }
        for engine in run.live?.awaitedEngines ?? [] {
            page.element(
                "p", ["class": "bad"],
                "Waits for a worker with the engine '\(engine)': rows of different engines are never counted together.")
        }
        for precision in run.live?.awaitedPrecisions ?? [] {
            page.element(
                "p", ["class": "bad"],
                "Waits for a worker that computes in \(precision): none that is connected does.")
        }
    }

    private static func notices(_ notices: [String], _ run: String, _ page: inout Markup) {
        guard !notices.isEmpty else { return }
        page.element("div", ["class": "warn", "role": "note"]) { page in
            page.element("ul") { page in
                for notice in notices.prefix(12) { page.element("li", notice) }
                if notices.count > 12 {
                    page.element("li", "and \(notices.count - 12) more: coord report \(run)")
                }
            }
        }
    }

    /// The way to each cell's examples: methods by benchmarks.
    private static func links(_ run: String, _ outline: RunOutline, _ report: RunReport?, _ page: inout Markup) {
        let records = Dictionary(
            (report?.cells ?? []).map { ($0.cell.id, $0.cell) }, uniquingKeysWith: { first, _ in first })
        var rows: [(title: String, cells: [CellHead])] = []
        for (cell, label) in zip(outline.cells, outline.labels) {
            let title = [cell.model, label].joined(separator: ", ")
            if rows.last?.title == title {
                rows[rows.count - 1].cells.append(cell)
            } else {
                rows.append((title, [cell]))
            }
        }
        page.element("section", ["aria-labelledby": "examples"]) { page in
            page.element("h2", ["id": "examples"], "Examples")
            page.element(
                "p", ["class": "note"], "The documents of a cell, one by one, with what each method made of them.")
            page.live("cells") { page in
                page.element("ul", ["class": "cells"]) { page in
                    for row in rows {
                        page.element("li") { page in
                            page.element("b", row.title)
                            for cell in row.cells {
                                let title =
                                    BenchmarkName(rawValue: cell.benchmark)?.description.title ?? cell.benchmark
                                page.element(
                                    "a", ["href": "/runs/\(run.percentEncoded)/cells/\(cell.ordinal)/examples"]
                                ) {
                                    page in
                                    page.write(title)
                                    if let record = records[cell.id] {
                                        let share =
                                            record.rowsExpected == 0
                                            ? 1 : Double(record.rows) / Double(record.rowsExpected)
                                        page.element(
                                            "small", record.isComplete ? grouped(record.rows) : Show.percent(share))
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
