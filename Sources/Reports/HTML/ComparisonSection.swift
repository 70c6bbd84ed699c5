import Benchmarks

extension HTMLPage {
    /// A part a family: differences with their intervals, a chart a benchmark, then the figures.
    func comparisons(_ page: inout Markup) {
        for (position, family) in report.families.enumerated() {
            page.element("h3", family.title)
            page.element("p", ["class": "note"], family.description)
            let sure = family.comparisons.count { $0.isSignificant }
            page.element(
                "p",
                "\(sure) of \(family.tests) differences are told from chance after Holm's correction (p < 0.05); their marks "
                    + "are filled.")
            page.element("figure") { page in
                charts(family, "d\(position)", "charts two wide", width: 560, &page)
                charts(family, "e\(position)", "charts two narrow", width: 360, &page)
            }
            table(family, &page)
        }
    }

    private func charts(
        _ family: ComparisonFamily, _ id: String, _ style: String, width: Double, _ page: inout Markup
    ) {
        page.element("div", ["class": style]) { page in
            for name in BenchmarkName.allCases {
                let found = family.comparisons.filter { $0.benchmark == name && $0.accuracy != nil }
                guard !found.isEmpty else { continue }
                page.append(chart(name, found, family, width: width).svg(id: "\(id)-\(name.rawValue)"))
            }
        }
    }

    private func label(_ comparison: Comparison, _ family: ComparisonFamily) -> String {
        let candidate = lines.name(comparison.candidate.reduction)
        guard family.question == .controls || family.question == .chosen else { return candidate }
        return "\(candidate) – \(lines.entry(comparison.baseline.reduction)?.label ?? comparison.baseline.label)"
    }

    private func chart(
        _ name: BenchmarkName, _ comparisons: [Comparison], _ family: ComparisonFamily, width: Double
    ) -> WhiskerChart {
        let ends = family.comparisons.compactMap(\.accuracy).flatMap { [$0.interval.lower, $0.interval.upper] }
        let rows = comparisons.compactMap { comparison -> WhiskerChart.Row? in
            guard let accuracy = comparison.accuracy else { return nil }
            let (low, high) = (accuracy.interval.lower * 100, accuracy.interval.upper * 100)
            let label = label(comparison, family)
            return .init(
                label: label, style: lines.style(comparison.candidate.reduction), value: accuracy.difference * 100,
                interval: low <= high ? low...high : nil, isSignificant: comparison.isSignificant,
                title:
                    "\(label): \(signed(accuracy.difference * 100, 1)) points (\(signed(low, 1)) to \(signed(high, 1))), "
                    + "p after Holm \(comparison.adjustedPValue.map(FamilyText.pValue) ?? "–")")
        }
        return WhiskerChart(
            title: name.description.title, summary: rows.map(\.title).joined(separator: "; "),
            xTitle: "difference of accuracy, points", rows: rows, width: width, axisValues: ends.map { $0 * 100 })
    }

    private func table(_ family: ComparisonFamily, _ page: inout Markup) {
        page.table(caption: "\(family.title): every comparison. Bold: p after Holm below 0.05.") { page in
            page.element("thead") { page in
                page.element("tr") { page in
                    page.columnHead("Candidate", numeric: false, pinned: true)
                    page.columnHead("Baseline", numeric: false)
                    page.columnHead("Benchmark", numeric: false)
                    page.columnHead("Difference", "points")
                    page.columnHead("95 % interval", "bootstrap")
                    page.columnHead("p", "exact McNemar")
                    page.columnHead("p", "after Holm")
                    page.columnHead("Lost")
                    page.columnHead("Gained")
                    page.columnHead("Near-ties", "and ties")
                    page.columnHead("Detectable", "points")
                    page.columnHead("PPL ratio", "95 % interval")
                }
            }
            page.element("tbody") { page in for comparison in family.comparisons { line(comparison, &page) } }
        }
    }

    private func line(_ comparison: Comparison, _ page: inout Markup) {
        guard let accuracy = comparison.accuracy else { return }
        let ratio = comparison.perplexities.map { perplexities in
            decimals(perplexities.ratio, 2)
                + (perplexities.ratioInterval.map { " (\(decimals($0.lower, 2))–\(decimals($0.upper, 2)))" } ?? "")
        }
        let figures = [
            signed(accuracy.difference * 100, 1),
            "\(signed(accuracy.interval.lower * 100, 1)) … \(signed(accuracy.interval.upper * 100, 1))",
            FamilyText.pValue(accuracy.pValue), comparison.adjustedPValue.map(FamilyText.pValue) ?? "–",
            "\(accuracy.onlyBaseline)", "\(accuracy.onlyCandidate)", "\(comparison.nearTies + comparison.ties)",
            accuracy.minimumDetectableDifference.map { decimals($0 * 100, 1) } ?? "–", ratio ?? "",
        ]
        page.element("tr", ["class": comparison.isSignificant ? "sure" : ""]) { page in
            page.element("th", ["scope": "row", "class": "pin"], lines.name(comparison.candidate.reduction))
            page.element("td", ["class": "plain"], lines.name(comparison.baseline.reduction))
            page.element(
                "td", ["class": comparison.isPartial ? "plain part" : "plain"],
                comparison.benchmark.description.title + (comparison.isPartial ? "*" : ""))
            for figure in figures { page.element("td", ["class": "n"], figure) }
        }
    }
}
