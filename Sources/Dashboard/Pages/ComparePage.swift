import Benchmarks
import Reports
import Store
import Wording

/// What a comparison is asked with, and what came of it.
struct CompareView {
    /// Newest first.
    let runs: [RunHead]
    let question: CompareQuestion?
    /// The labels of the first run's reductions, and of the second's.
    let labels: (baseline: [String], candidate: [String])
    let found: ComparisonOfRuns?
    let refusal: String?
    /// The cells of the candidate by model, label and benchmark, and those of the baseline by the same, for links.
    let cells: [String: Int]
    let baselineCells: [String: Int]

    static func key(_ model: String, _ reduction: String, _ benchmark: String) -> String {
        [model, reduction, benchmark].joined(separator: "\u{0}")
    }
}

extension Page {
    /// Two runs or two reductions, paired document by document.
    static func compare(_ view: CompareView) -> Page {
        Page("Compare", at: .compare, listens: view.question?.key ?? "nothing") { page in
            page.element("h1", "Compare")
            form(view, &page)
            page.live("comparison") { page in
                if let refusal = view.refusal {
                    page.element("p", ["class": "bad", "role": "alert"], refusal)
                } else if let found = view.found {
                    for (place, family) in found.families.enumerated() { write(family, place, view, &page) }
                    if !found.unmatched.isEmpty {
                        page.element(
                            "p", ["class": "note"], "Not compared: \(found.unmatched.joined(separator: "; ")).")
                    }
                } else if view.question != nil {
                    page.element("p", ["class": "empty"], "The comparison is being computed; it appears here.")
                } else {
                    page.element(
                        "p", ["class": "empty"],
                        "Choose two runs, or two methods of one: they are compared document by document.")
                }
            }
        }
    }

    private static func form(_ view: CompareView, _ page: inout Markup) {
        let runs = view.runs.map { ($0.run, $0.run) }
        page.element("form", ["class": "filters", "method": "get", "action": "/compare"]) { page in
            page.choice("baseline", "Baseline run", runs, taken: view.question?.baseline ?? view.runs.first?.run ?? "")
            page.choice(
                "baseline_label", "its method", [("", "each with its equal")] + view.labels.baseline.map { ($0, $0) },
                taken: view.question?.baselineLabel ?? "")
            page.choice(
                "candidate", "Candidate run", runs, taken: view.question?.candidate ?? view.runs.first?.run ?? "")
            page.choice(
                "candidate_label", "its method", [("", "each with its equal")] + view.labels.candidate.map { ($0, $0) },
                taken: view.question?.candidateLabel ?? "")
            page.element("button", ["type": "submit"], "Compare")
        }
    }

    private static func write(_ family: ComparisonFamily, _ place: Int, _ view: CompareView, _ page: inout Markup) {
        page.element("section", ["aria-labelledby": "family-\(place)"]) { page in
            page.element("h2", ["id": "family-\(place)"], family.title)
            let sure = family.comparisons.count(where: \.isSure)
            page.element(
                "p", ["class": "note"],
                "\(sure) of \(family.tests) differences are told from chance (p < 0.05 after Holm's correction); their marks "
                    + "are filled.")
            page.element("figure", ["class": "single"]) { page in
                page.element("div", ["class": "wide"]) {
                    $0.append(chart(family, width: 640).svg(id: "compare-\(place)"))
                }
                page.element("div", ["class": "narrow"]) {
                    $0.append(chart(family, width: 360).svg(id: "compare-narrow-\(place)"))
                }
            }
            page.table(caption: "Candidate less baseline, on the documents that both have scored.") { page in
                page.element("thead") { page in
                    page.element("tr") { page in
                        page.element("th", ["scope": "col", "class": "pin"], "Benchmark")
                        for title in [
                            "Documents", "Baseline", "Candidate", "Difference", "95 % interval", "p, exact", "p, Holm",
                            "Lost", "Gained", "Near-ties", "PPL ratio",
                        ] {
                            page.element("th", ["scope": "col", "class": "n"], title)
                        }
                    }
                }
                page.element("tbody") { page in for comparison in family.comparisons { row(comparison, view, &page) } }
            }
        }
    }

    private static func chart(_ family: ComparisonFamily, width: Double) -> WhiskerChart {
        let rows = family.comparisons.compactMap { comparison -> WhiskerChart.Row? in
            guard let accuracy = comparison.accuracy else { return nil }
            let (low, high) = (accuracy.interval.lower * 100, accuracy.interval.upper * 100)
            let title = comparison.benchmark.description.title
            return .init(
                label: title, style: 0, value: accuracy.difference * 100, interval: low <= high ? low...high : nil,
                isSignificant: comparison.isSure,
                title: "\(title): \(Show.signed(accuracy.difference * 100, 1)) points")
        }
        let ends = family.comparisons.compactMap(\.accuracy).flatMap { [$0.interval.lower, $0.interval.upper] }
        return WhiskerChart(
            title: "Difference of accuracy", summary: rows.map(\.title).joined(separator: "; "),
            xTitle: "difference of accuracy, points", rows: rows, width: width, axisValues: ends.map { $0 * 100 })
    }

    private static func row(_ comparison: Comparison, _ view: CompareView, _ page: inout Markup) {
        guard let accuracy = comparison.accuracy else { return }
        let figures = [
            grouped(accuracy.documents), Show.decimals(accuracy.baselineAccuracy * 100, 1),
            Show.decimals(accuracy.candidateAccuracy * 100, 1), Show.signed(accuracy.difference * 100, 1),
            "\(Show.signed(accuracy.interval.lower * 100, 1)) … \(Show.signed(accuracy.interval.upper * 100, 1))",
            Show.pValue(accuracy.pValue), comparison.adjustedPValue.map(Show.pValue) ?? "–",
        ]
        page.element("tr", ["class": comparison.isSure ? "sure" : ""]) { page in
            page.element("th", ["scope": "row", "class": "pin"]) { page in
                page.write(comparison.benchmark.description.title + (comparison.isPartial ? "*" : ""))
            }
            for figure in figures { page.element("td", ["class": "n"], figure) }
            flips("lost", accuracy.onlyBaseline, comparison, view, &page)
            flips("gained", accuracy.onlyCandidate, comparison, view, &page)
            page.element("td", ["class": "n"], "\(comparison.nearTies + comparison.ties)")
            page.element(
                "td", ["class": "n"], comparison.perplexities.map { Show.decimals($0.ratio, 2) } ?? "")
        }
    }

    /// How many flipped, as a link to them where both sides are of one run.
    private static func flips(
        _ filter: String, _ count: Int, _ comparison: Comparison, _ view: CompareView, _ page: inout Markup
    ) {
        let (baseline, candidate) = (comparison.baseline, comparison.candidate)
        let name = comparison.benchmark.rawValue
        let cell = view.cells[CompareView.key(candidate.model, candidate.reduction, name)]
        let other = view.baselineCells[CompareView.key(baseline.model, baseline.reduction, name)]
        page.element("td", ["class": "n"]) { page in
            guard count > 0, baseline.run == candidate.run, let cell, let other else { return page.write("\(count)") }
            page.link(
                "/runs/\(candidate.run.percentEncoded)/cells/\(cell)/examples?filter=\(filter)&against=\(other)",
                "\(count)")
        }
    }
}

extension Comparison {
    /// Whether chance alone is no explanation, after the correction for the family's number of tests.
    var isSure: Bool { adjustedPValue.map { $0 < 0.05 } ?? false }
}
