import Benchmarks
import Foundation
import Statistics

extension Comparison {
    /// Pairs two cells of one benchmark; `resamples` go into the interval of a log-likelihood, and 0 leaves it out.
    ///
    /// - Throws: ``ComparisonError`` where the sides differ in what one model id must have in common.
    init(
        baseline: ComparableCell, candidate: ComparableCell, resamples: Int = PairedMean.resamples
    ) throws(ComparisonError) {
        precondition(baseline.benchmark == candidate.benchmark, "two cells of one benchmark")
        cautions = try Comparison.checked(baseline, candidate)
        benchmark = baseline.benchmark
        metric = benchmark.description.paperMetric
        self.baseline = baseline.side
        self.candidate = candidate.side

        let pairs = Comparison.pairs(baseline.rows, candidate.rows)
        baselineUnpaired = baseline.rows.count - pairs.count
        candidateUnpaired = candidate.rows.count - pairs.count
        accuracy = Comparison.accuracy(pairs)
        perplexities = Comparison.perplexities(pairs, resamples: resamples)
        flips = pairs.compactMap { Flip($0, $1) }
        ties = pairs.count { $0.decision.isTie || $1.decision.isTie }
        nearTies = pairs.count { pair in
            let decisions = [pair.0.decision, pair.1.decision]
            return decisions.contains(where: \.isNearTie) && !decisions.contains(where: \.isTie)
        }
    }

    private typealias Pair = (ComparableCell.Row, ComparableCell.Row)

    /// The rows that both sides have, in the baseline's order.
    private static func pairs(_ baseline: [ComparableCell.Row], _ candidate: [ComparableCell.Row]) -> [Pair] {
        let places = Dictionary(
            candidate.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
        return baseline.compactMap { row in places[row.key].map { (row, candidate[$0]) } }
    }

    private static func accuracy(_ pairs: [Pair]) -> PairedAccuracy? {
        guard !pairs.isEmpty else { return nil }
        func count(_ baseline: Bool, _ candidate: Bool) -> Int {
            pairs.count { $0.decision.isRight == baseline && $1.decision.isRight == candidate }
        }
        return PairedAccuracy(
            bothRight: count(true, true), onlyBaseline: count(true, false), onlyCandidate: count(false, true),
            bothWrong: count(false, false))
    }

    private static func perplexities(_ pairs: [Pair], resamples: Int) -> Perplexities? {
        let values = pairs.compactMap { pair in
            pair.0.loglikelihood.flatMap { baseline in pair.1.loglikelihood.map { (baseline, $0) } }
        }
        guard !values.isEmpty else { return nil }
        let difference = PairedMean(differences: values.map { $1 - $0 }, resamples: resamples)
        return Perplexities(
            baseline: Perplexity(loglikelihoods: values.map(\.0), bootstrapIterations: 0).value,
            candidate: Perplexity(loglikelihoods: values.map(\.1), bootstrapIterations: 0).value,
            loglikelihood: difference, ratio: exp(-difference.difference),
            ratioInterval: difference.interval.map { ConfidenceInterval(lower: exp(-$0.upper), upper: exp(-$0.lower)) })
    }

    /// What differs and is worth saying.
    private static func checked(
        _ baseline: ComparableCell, _ candidate: ComparableCell
    ) throws(ComparisonError) -> [ComparisonCaution] {
        let (first, second) = (baseline.side, candidate.side)
        let name = baseline.benchmark.rawValue
        var cautions: [ComparisonCaution] = []
        if first.model == second.model, first.modelSHA256 != second.modelSHA256 {
            throw .weights(model: first.model, baseline: first.modelSHA256, candidate: second.modelSHA256)
        }
        if first.tokenizerSHA256 != second.tokenizerSHA256 {
            guard first.modelSHA256 != second.modelSHA256 else {
                throw .tokenizer(
                    model: first.model, benchmark: name, baseline: first.tokenizerSHA256,
                    candidate: second.tokenizerSHA256)
            }
            cautions.append(.tokenizers(baseline: first.tokenizerSHA256, candidate: second.tokenizerSHA256))
        }
        if first.dataSHA256 != second.dataSHA256 {
            cautions.append(.data(benchmark: name, baseline: first.dataSHA256, candidate: second.dataSHA256))
        }
        if first.build != second.build {
            cautions.append(.builds(baseline: first.build, candidate: second.build))
        }
        if first.engines != second.engines, !first.engines.isEmpty, !second.engines.isEmpty {
            cautions.append(.engines(baseline: first.engines, candidate: second.engines))
        }
        return cautions
    }
}

extension Flip {
    /// Nil where both sides are right or both are wrong.
    fileprivate init?(_ baseline: ComparableCell.Row, _ candidate: ComparableCell.Row) {
        guard baseline.decision.isRight != candidate.decision.isRight else { return nil }
        self.init(
            documentHash: baseline.key.hash, gold: baseline.gold,
            direction: baseline.decision.isRight ? .lost : .gained,
            baseline: Answer(document: baseline.document, decision: baseline.decision),
            candidate: Answer(document: candidate.document, decision: candidate.decision))
    }
}
