import Wording

extension HTMLPage {
    /// How many flips a page lists.
    private static let listedFlips = 60

    /// The documents that one side answers rightly and the other does not: the firm ones first.
    func flips(_ page: inout Markup) {
        let families = report.families.filter { $0.question == .baseline }
        let flips = (families.isEmpty ? report.families : families).flatMap(\.comparisons).flatMap { comparison in
            comparison.flips.map { (comparison, $0) }
        }
        let near = flips.count { $0.1.isNearTie }
        page.element(
            "p",
            "\(grouped(flips.count)) answers turn from right to wrong or back against the baseline, \(grouped(near)) of them "
                + "on a tie or near-tie, which the drift of float32 alone may turn.")
        guard !flips.isEmpty else { return }
        let sorted = flips.filter { !$0.1.isNearTie } + flips.filter(\.1.isNearTie)
        let listed = HTMLPage.spread(sorted, HTMLPage.listedFlips)
        let isCut = flips.count > listed.count
        let rest = isCut ? sorted.first.map { " All of a comparison, such as: \(command($0.0))" } ?? "" : ""
        let caption = isCut ? "\(listed.count) of them, spread over all comparisons.\(rest)" : "All of them."
        page.table(caption: caption) { page in
            page.element("thead") { page in
                page.element("tr") { page in
                    page.columnHead("Candidate", numeric: false)
                    page.columnHead("Benchmark", numeric: false)
                    page.columnHead("Document")
                    page.columnHead("Answer", numeric: false)
                    page.columnHead("Right")
                    page.columnHead("Baseline", "chose")
                    page.columnHead("Candidate", "chose")
                    page.columnHead("Margin", "baseline")
                    page.columnHead("Margin", "candidate")
                    page.columnHead("", numeric: false)
                }
            }
            page.element("tbody") { page in for (comparison, flip) in listed { line(comparison, flip, &page) } }
        }
    }

    /// What lists every flip of a comparison.
    private func command(_ comparison: Comparison) -> String {
        let words = [report.run.run, "--between", comparison.baseline.label, comparison.candidate.label, "--flips"]
        return "coord compare " + words.map(HTMLPage.shellWord).joined(separator: " ")
    }

    /// A word as a shell reads it, in quotation marks where it must be.
    private static func shellWord(_ word: String) -> String {
        let isPlain =
            !word.isEmpty && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.=".contains($0)) }
        return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }

    private func line(_ comparison: Comparison, _ flip: Flip, _ page: inout Markup) {
        let choice = { (answer: Flip.Answer) in
            answer.decision.choice.map { "\($0)" } ?? (answer.decision.isRight ? "target" : "other")
        }
        page.element("tr") { page in
            page.element("th", ["scope": "row"], lines.name(comparison.candidate.reduction))
            page.element("td", comparison.benchmark.description.title)
            page.element("td", ["class": "n"], "\(flip.candidate.document)")
            page.element("td", flip.direction.rawValue)
            page.element("td", ["class": "n"], flip.gold.map { "\($0)" } ?? "–")
            page.element("td", ["class": "n"], choice(flip.baseline))
            page.element("td", ["class": "n"], choice(flip.candidate))
            page.element("td", ["class": "n"], decimals(flip.baseline.decision.margin, 4))
            page.element("td", ["class": "n"], decimals(flip.candidate.decision.margin, 4))
            page.element("td", flip.isNearTie ? "near-tie" : "")
        }
    }

    /// So many values at even distances.
    private static func spread<Value>(_ values: [Value], _ count: Int) -> [Value] {
        guard values.count > count else { return values }
        return (0..<count).map { values[$0 * values.count / count] }
    }
}
