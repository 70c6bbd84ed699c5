import Benchmarks
import Foundation
import Reports
import Statistics
import Testing

@Suite("Comparing cells")
struct ComparisonTests {
    /// One run of PIQA under no reduction and under UTRC.
    func run(_ baseline: [Bool], _ candidate: [Bool], gap: Double = 2) throws -> Comparison {
        let sample = try SampleRun(
            [(.piqa, baseline.indices.map { Paired.document($0) })], reductions: [Paired.none, Paired.utrc()])
        try sample.score(cell: 0, Paired.rows(baseline))
        try sample.score(cell: 1, flopsReduction: 0.2, Paired.rows(candidate, gap: gap))
        let families = try sample.report().families
        #expect(families.map(\.question) == [.baseline])
        return try #require(families.first?.comparisons.first)
    }

    @Test("counts who is right where, and lists the documents that flip")
    func counts() throws {
        let comparison = try run(
            [true, true, false, true, false], [true, false, true, false, false])
        let accuracy = try #require(comparison.accuracy)
        #expect(accuracy.documents == 5 && accuracy.onlyBaseline == 2 && accuracy.onlyCandidate == 1)
        #expect(accuracy.bothRight == 1 && accuracy.bothWrong == 1 && accuracy.difference == -0.2)
        #expect(comparison.metric == .accuracy && comparison.baseline.label == "none")
        #expect(comparison.candidate.label == "utrc flops=0.2")
        #expect(comparison.candidate.flopsReduction.map { abs($0 - 0.2) < 1e-12 } == true)
        #expect(comparison.flips.map(\.baseline.document) == [1, 2, 3])
        #expect(comparison.flips.map(\.direction) == [.lost, .gained, .lost])
        #expect(comparison.flips[0].baseline.decision.choice == 0 && comparison.flips[0].gold == 0)
        #expect(comparison.flips[0].candidate.decision.choice == 1)
        #expect(comparison.flips[0].documentHash == Paired.hash(1))
        #expect(comparison.adjustedPValue == accuracy.pValue && !comparison.isPartial)
    }

    @Test(
        "a flip on a near-tie is told from a firm one, and so is a tie",
        arguments: [(0.0, true), (9e-4, true), (1.1e-3, false), (2.0, false)])
    func nearTies(gap: Double, isNear: Bool) throws {
        // An equal score goes to the first choice, which is right: the other side is the wrong one then.
        let comparison = try run([gap != 0, true], [gap == 0, true], gap: gap)
        let flip = try #require(comparison.flips.first)
        #expect(flip.isNearTie == isNear && comparison.firmFlips.isEmpty == isNear)
        #expect(comparison.ties == (gap == 0 ? 2 : 0) && comparison.nearTies == (isNear && gap != 0 ? 2 : 0))
        #expect(comparison.candidate.ties.tied == (gap == 0 ? [0, 1] : []))
        #expect(comparison.baseline.ties.tied.isEmpty && comparison.baseline.ties.nearlyTied.isEmpty)
    }

    @Test("acc_norm's margins are per character, and its drift with them")
    func normalizedMargins() throws {
        // Two choices of 3 and 10 characters: a drift of 5e-4 nats is 1.7e-4 and 5e-5 nats a character.
        let request = Document.twoChoices(0).requests
        let outcomes = zip(request, [-3.0, -10.001]).map { ChoiceOutcome($0, loglikelihood: $1, greedy: false) }
        let decision = BenchmarkName.hellaswag.decision(
            by: .normalizedAccuracy, gold: 0, outcomes: outcomes, margin: 0)
        #expect(decision.choice == 0 && decision.isRight && abs(decision.margin - 1e-4) < 1e-12)
        #expect(abs(decision.nearTieBound - (5e-4 / 3 + 5e-4 / 10)) < 1e-18 && decision.isNearTie)
        let sums = BenchmarkName.hellaswag.decision(by: .accuracy, gold: 0, outcomes: outcomes, margin: 0)
        #expect(abs(sums.margin - 7.001) < 1e-12 && !sums.isNearTie)
    }

    @Test("equal infinities are a tie, and a number far above −∞ is none")
    func infinities() {
        let request = Document.twoChoices(0).requests
        func decision(_ values: [Double]) -> Decision {
            BenchmarkName.piqa.decision(
                by: .accuracy, gold: 0,
                outcomes: zip(request, values).map { ChoiceOutcome($0, loglikelihood: $1, greedy: false) }, margin: 0)
        }
        #expect(decision([-.infinity, -.infinity]).isTie)
        #expect(decision([-1, -.infinity]).margin == .infinity && !decision([-1, -.infinity]).isTie)
    }

    @Test("LAMBADA compares perplexities too, and its near-ties are those of the logits", arguments: [Float(1e-4), 1])
    func lambada(margin: Float) throws {
        let words = (0..<40).map(Paired.word)
        let sample = try SampleRun([(.lambadaOpenAI, words)], reductions: [Paired.none, Paired.utrc()])
        func rows(_ shift: Double) -> [(document: Int, SampleRun.Outcome)] {
            words.map { ($0.id, [(loglikelihood: -Double($0.id % 5) - shift, greedy: $0.id % 2 == 0)]) }
        }
        try sample.score(cell: 0, rows(0))
        try sample.score(cell: 1, margin: margin, rows(0.5))
        let comparison = try #require(try sample.report(bootstrapIterations: 2000).families.first?.comparisons.first)
        let perplexities = try #require(comparison.perplexities)
        #expect(abs(perplexities.baseline - exp(2)) < 1e-12 && abs(perplexities.ratio - exp(0.5)) < 1e-12)
        #expect(abs(perplexities.loglikelihood.difference + 0.5) < 1e-12)
        #expect(perplexities.ratioInterval.map { abs($0.lower - exp(0.5)) < 1e-9 } == true)
        #expect(comparison.accuracy?.difference == 0 && comparison.nearTies == (margin < 1e-3 ? 40 : 0))
    }

    @Test("a partial cell is compared on the common documents and marked")
    func partial() throws {
        let sample = try SampleRun(
            [(.piqa, (0..<4).map { Paired.document($0) }), (.winogrande, [Paired.document(0)])],
            reductions: [Paired.none, Paired.utrc()])
        try sample.score(cell: 0, Paired.rows([true, true, true, false]))
        try sample.score(cell: 2, [(1, Paired.row(false)), (3, Paired.row(false))])
        try sample.score(cell: 1, Paired.rows([true]))
        let family = try #require(try sample.report().families.first)
        let piqa = family.comparisons[0]
        #expect(piqa.isPartial && piqa.documents == 2 && piqa.baselineUnpaired == 2 && piqa.candidateUnpaired == 0)
        #expect(piqa.flips.map(\.baseline.document) == [1])
        // A cell without rows has nothing to test, and the family's correction passes over it.
        let winogrande = family.comparisons[1]
        #expect(winogrande.accuracy == nil && winogrande.adjustedPValue == nil && winogrande.isPartial)
        #expect(family.tests == 1 && piqa.adjustedPValue == piqa.accuracy?.pValue)
    }

    @Test("equal documents pair in the order in which they occur, whatever rows are missing")
    func duplicates() throws {
        // Rows 0, 2 and 3 are one document, row 1 another.
        let documents = [7, 8, 7, 7].enumerated().map { Paired.document($0, content: $1) }
        let sample = try SampleRun([(.piqa, documents)], reductions: [Paired.none, Paired.utrc()])
        try sample.score(cell: 0, Paired.rows([true, true, false, true]))
        try sample.score(cell: 1, [(2, Paired.row(true)), (3, Paired.row(true))])
        let comparison = try #require(try sample.report().families.first?.comparisons.first)
        #expect(comparison.documents == 2 && comparison.flips.map(\.baseline.document) == [2])
        #expect(comparison.flips.map(\.candidate.document) == [2])
    }
}
