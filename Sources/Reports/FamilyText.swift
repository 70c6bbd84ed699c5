import Benchmarks
import Statistics

/// Comparisons as rows of text.
enum FamilyText {
    static let headers = [
        "Candidate", "Baseline", "Benchmark", "Documents", "Difference", "95 % interval", "p", "p (Holm)", "Lost",
        "Gained", "Ties", "Near-ties", "Detectable",
    ]

    static func rows(_ family: ComparisonFamily) -> [[String]] {
        family.comparisons.map { comparison in
            let accuracy = comparison.accuracy
            return [
                comparison.candidate.label, comparison.baseline.label,
                comparison.benchmark.description.title + (comparison.isPartial ? "*" : ""), "\(comparison.documents)",
                accuracy.map { signed($0.difference * 100, 1) } ?? "",
                accuracy.map { "\(signed($0.interval.lower * 100, 1)) … \(signed($0.interval.upper * 100, 1))" } ?? "",
                accuracy.map { pValue($0.pValue) } ?? "", comparison.adjustedPValue.map(pValue) ?? "",
                accuracy.map { "\($0.onlyBaseline)" } ?? "", accuracy.map { "\($0.onlyCandidate)" } ?? "",
                "\(comparison.ties)", "\(comparison.nearTies)",
                accuracy?.minimumDetectableDifference.map { decimals($0 * 100, 1) } ?? "–",
            ]
        }
    }

    /// A p-value with three decimals, or how small it is.
    static func pValue(_ value: Double) -> String { value < 0.001 ? "< 0.001" : decimals(value, 3) }
}

extension ComparisonFamily {
    /// What the family's columns mean.
    var description: String {
        "Against \(baselineDescription), paired by document. Differences of accuracy in points, with the bootstrap's 95 % "
            + "interval; p of the exact McNemar test, and after Holm's correction over \(tests == 1 ? "the one test" : "the \(tests) tests") of this section; "
            + "the smallest true difference that would have been detected with power 0.8."
    }
}

extension Comparison {
    /// Whether the difference is told from chance after Holm's correction, at 5 %.
    var isSignificant: Bool { (adjustedPValue ?? 1) < 0.05 }
}
