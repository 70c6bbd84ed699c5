import Benchmarks
import Foundation
import Statistics
import Wording

extension ComparisonFamily {
    /// The family for a terminal or a Markdown file: its title after `heading`, tables, and what a reader must know;
    /// with `flips` also every document that one side answers rightly and the other does not.
    public func text(heading: String = "", flips: Bool = false) -> String {
        let write = ComparisonFamily.writing(heading: heading)
        func lines(_ lines: [String]) -> String { lines.map { write($0) + "\n" }.joined() }
        var text = "\(heading)\(write(title))\n\n\(accuracyTable.written(by: write).text)"
        if comparisons.contains(where: { $0.perplexities != nil }) {
            text += "\n\(perplexityTable.written(by: write).text)"
        }
        text += "\n" + lines(explanation + cautions.map { "caution: \($0)" })
        if flips {
            for comparison in comparisons where !comparison.flips.isEmpty {
                text += "\n" + lines(comparison.flipLines)
            }
        }
        return text
    }

    /// How text is written: in Markdown, which has a heading, so that it stays text; for a terminal as it is.
    static func writing(heading: String) -> (String) -> String {
        guard heading.isEmpty else { return Markdown.text }
        return { $0 }
    }

    private var accuracyTable: TextTable {
        var table = TextTable(
            columns: [.init(header: "Candidate"), .init(header: "Against"), .init(header: "Benchmark")]
                + [
                    "Baseline", "Value", "Difference", "95 %", "Lost", "Gained", "p", "p Holm", "Detectable",
                    "Near ties",
                ]
                .map { .init(header: $0, isNumeric: true) })
        for comparison in comparisons {
            let names = [
                comparison.candidate.label, comparison.baseline.label,
                "\(comparison.benchmark.rawValue) \(comparison.metric.rawValue)"
                    + (comparison.isPartial ? " (partial)" : ""),
            ]
            guard let accuracy = comparison.accuracy else {
                table.rows.append(names + Array(repeating: "", count: 10))
                continue
            }
            table.rows.append(
                names + [
                    fourDecimals(accuracy.baselineAccuracy), fourDecimals(accuracy.candidateAccuracy),
                    signed(accuracy.difference), range(accuracy.interval, signed), "\(accuracy.onlyBaseline)",
                    "\(accuracy.onlyCandidate)", probability(accuracy.pValue),
                    comparison.adjustedPValue.map(probability) ?? "",
                    accuracy.minimumDetectableDifference.map(fourDecimals) ?? "none",
                    "\(comparison.ties + comparison.nearTies)",
                ])
        }
        return table
    }

    private var perplexityTable: TextTable {
        var table = TextTable(
            columns: [.init(header: "Candidate"), .init(header: "Against"), .init(header: "Benchmark")]
                + ["PPL base", "PPL", "Ratio", "95 %", "Nats a document", "Stderr"]
                .map { .init(header: $0, isNumeric: true) })
        for comparison in comparisons {
            guard let perplexities = comparison.perplexities else { continue }
            table.rows.append([
                comparison.candidate.label, comparison.baseline.label, comparison.benchmark.rawValue,
                fourDecimals(perplexities.baseline), fourDecimals(perplexities.candidate),
                fourDecimals(perplexities.ratio), perplexities.ratioInterval.map { range($0, fourDecimals) } ?? "",
                signed(perplexities.loglikelihood.difference),
                perplexities.loglikelihood.standardError.map(fourDecimals) ?? "",
            ])
        }
        return table
    }

    private var explanation: [String] {
        [
            "Paired by document: exact McNemar test, Holm over \(counted(tests, "test")); intervals are "
                + "percentile bootstrap. Detectable: the smallest true difference found with a power of 0.8 at 0.05, "
                + "before Holm.",
            "Near ties: documents that a score's drift of \(Decision.drift) could turn, on either side, exact ties "
                + "included.",
        ]
    }

    /// Each caution once, in the order of the comparisons.
    private var cautions: [String] {
        comparisons.flatMap(\.cautions).map(\.description).firstOccurrences
    }
}

extension Comparison {
    /// One line a flipped document, after one that names the comparison.
    fileprivate var flipLines: [String] {
        let head =
            "\(benchmark.rawValue), \(candidate.label) against \(baseline.label): "
            + "\(flips.count) flipped, \(flips.count - firmFlips.count) of them near a tie"
        return [head]
            + flips.map { flip in
                let choices = [flip.baseline, flip.candidate].compactMap { $0.decision.choice.map(String.init) }
                let words = [
                    "document \(flip.baseline.document)", String(flip.documentHash.prefix(12)),
                    choices.isEmpty ? nil : "choice " + choices.joined(separator: " → "),
                    flip.gold.map { "right \($0)" },
                    "margin \(fourDecimals(flip.baseline.decision.margin)) → "
                        + fourDecimals(flip.candidate.decision.margin),
                    flip.isNearTie ? "near a tie" : nil,
                ]
                return "  \(flip.direction.rawValue): " + words.compactMap { $0 }.joined(separator: ", ")
            }
    }
}

extension RunReport {
    /// The families one after another and the cells' ties; empty without either.
    var comparisonText: String {
        let families = families.map { "\n" + $0.text() }.joined()
        let labels = ReductionLabels(cells.map(\.cell.reduction))
        let ties = cells.flatMap { cell in
            [("tied", cell.ties.tied), ("nearly tied", cell.ties.nearlyTied)].filter { !$0.1.isEmpty }.map {
                "\($0): \(cell.cell.model), \(labels[cell.cell.reduction]), \(cell.cell.benchmark): "
                    + RunReport.documents($1) + "\n"
            }
        }
        return families + (ties.isEmpty ? "" : "\n" + ties.joined())
    }

    /// The first of the documents, and how many there are.
    private static func documents(_ documents: [Int]) -> String {
        let shown = documents.prefix(10).map(String.init).joined(separator: " ")
        let rest = documents.count > 10 ? " … (--json lists all)" : ""
        return "\(counted(documents.count, "document")): \(shown)\(rest)"
    }
}

private func signed(_ value: Double) -> String { String(format: "%+.4f", value == 0 ? 0 : value) }

private func range(_ interval: ConfidenceInterval, _ write: (Double) -> String) -> String {
    "\(write(interval.lower)) … \(write(interval.upper))"
}

private func probability(_ value: Double) -> String { value < 0.00005 ? "<0.0001" : fourDecimals(value) }
