import Benchmarks
import Foundation
import Reports
import Statistics
import Testing

@Suite("The families of a run")
struct ComparisonFamilyTests {
    /// An audit of one benchmark: every row is answered rightly, but for the documents that a reduction loses.
    func audit(losing: [(reduction: String, lost: Int)]) throws -> [ComparisonFamily] {
        let documents = (0..<40).map { Paired.document($0) }
        let sample = try SampleRun([(.piqa, documents)], reductions: losing.map(\.reduction))
        for (cell, entry) in losing.enumerated() {
            try sample.score(cell: cell, Paired.rows(documents.map { $0.id >= entry.lost }))
        }
        return try sample.report().families
    }

    @Test("set methods against none, against controls that shed alike, and against the released code")
    func questions() throws {
        let families = try audit(losing: [
            (Paired.none, 0), (Paired.utrc(), 4), (Paired.utrc(variant: "released"), 9), (Paired.control("front"), 9),
            (Paired.control("random"), 20), (Paired.utrc(0.3), 6), (Paired.control("front", scope: "sequence"), 1),
        ])
        #expect(families.map(\.question) == [.baseline, .controls, .variants])
        func pairs(_ family: ComparisonFamily) -> [String] {
            family.comparisons.map { "\($0.candidate.label) | \($0.baseline.label)" }
        }
        #expect(
            families[0].comparisons.count == 6 && families[0].comparisons.allSatisfy { $0.baseline.label == "none" })
        #expect(
            pairs(families[1]) == [
                "utrc flops=0.2 variant=paper scope=context | front flops=0.2 scope=context",
                "utrc flops=0.2 variant=paper scope=context | random flops=0.2 scope=context",
                "utrc flops=0.2 variant=released scope=context | front flops=0.2 scope=context",
                "utrc flops=0.2 variant=released scope=context | random flops=0.2 scope=context",
            ])
        #expect(
            pairs(families[2]) == [
                "utrc flops=0.2 variant=paper scope=context | utrc flops=0.2 variant=released scope=context"
            ])
        #expect(families[2].comparisons[0].accuracy?.onlyCandidate == 5)
        #expect(families.allSatisfy { $0.title.hasPrefix("tiny, fp32: ") })
    }

    @Test("correct their p-values by Holm, each family for itself")
    func holm() throws {
        let families = try audit(losing: [
            (Paired.none, 0), (Paired.utrc(0.1), 6), (Paired.utrc(0.2), 8), (Paired.utrc(0.3), 7),
        ])
        let family = try #require(families.first)
        let values = family.comparisons.compactMap { $0.accuracy?.pValue }
        #expect(family.tests == 3 && values == [0.03125, 0.0078125, 0.015625])
        #expect(family.comparisons.map(\.adjustedPValue) == [0.03125, 0.0234375, 0.03125])
    }

    @Test("a run without a baseline or a control has no family")
    func none() throws {
        #expect(try audit(losing: [(Paired.utrc(), 1), (Paired.utrc(0.3), 2)]).isEmpty)
    }

    @Test("a cell's accuracies have Wilson's interval and a perplexity one around it")
    func intervals() throws {
        let words = (0..<30).map(Paired.word)
        let sample = try SampleRun([(.lambadaOpenAI, words)])
        try sample.score(
            cell: 0, words.map { ($0.id, [(loglikelihood: -Double($0.id % 3), greedy: $0.id % 3 == 0)]) })
        let cell = try #require(try sample.report().cells.first)
        #expect(cell.interval(of: .accuracy) == ConfidenceInterval.wilson(successes: 10, trials: 30))
        let interval = try #require(cell.interval(of: .perplexity))
        let error = (2.0 / 3 * 30 / 29 / 30).squareRoot()
        #expect(abs(interval.upper / exp(1 + 1.959963984540054 * error) - 1) < 1e-12)
        #expect(interval.lower < exp(1) && cell.interval(of: .normalizedAccuracy) == nil)
    }
}
