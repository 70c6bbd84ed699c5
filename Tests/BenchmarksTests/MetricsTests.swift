import Benchmarks
import Foundation
import Testing

/// From outcomes to metrics, and from metrics to tables.
struct MetricsTests {
    func outcomes(_ values: [(Double, Int)]) -> [ChoiceOutcome] {
        values.map { ChoiceOutcome(loglikelihood: $0.0, greedy: false, characters: $0.1, bytes: 4 * $0.1) }
    }

    @Test("the first of equal choices is chosen")
    func ties() {
        let tied = outcomes([(-4, 2), (-2, 1), (-2, 1)])
        #expect(BenchmarkName.piqa.metrics(gold: 1, outcomes: tied) == DocumentMetrics(acc: 1, accNorm: 0))
        #expect(BenchmarkName.piqa.metrics(gold: 0, outcomes: tied) == DocumentMetrics(acc: 0, accNorm: 1))
        #expect(BenchmarkName.piqa.metrics(gold: 2, outcomes: tied) == DocumentMetrics(acc: 0, accNorm: 0))
    }

    @Test("a choice counts its code points: neither bytes nor what a reader sees")
    func lengths() {
        let request = Request(context: "c", continuation: " e\u{301}👩‍🔬")
        let outcome = ChoiceOutcome(request, loglikelihood: -1, greedy: true)
        #expect(outcome.characters == 5)
        #expect(outcome.bytes == 14)
        #expect(Request(context: "c", continuation: " \u{301}x").choiceCharacters == 2)
        #expect(Request(context: "c", continuation: "").choiceCharacters == 0)
    }

    @Test("an empty choice never wins acc_norm, and a NaN wins as in NumPy")
    func oddities() {
        let empty = outcomes([(-1, 0), (-9, 3)])
        #expect(BenchmarkName.hellaswag.metrics(gold: 1, outcomes: empty) == DocumentMetrics(acc: 0, accNorm: 1))
        let invalid = outcomes([(-1, 1), (.nan, 1), (.nan, 1)])
        #expect(BenchmarkName.hellaswag.metrics(gold: 1, outcomes: invalid) == DocumentMetrics(acc: 1, accNorm: 1))
    }

    @Test("LAMBADA counts greedy continuations and keeps the log-likelihood")
    func lambada() {
        let outcome = ChoiceOutcome(loglikelihood: -2.5, greedy: true, characters: 4, bytes: 4)
        #expect(
            BenchmarkName.lambadaOpenAI.metrics(gold: nil, outcomes: [outcome])
                == DocumentMetrics(acc: 1, loglikelihood: -2.5))
    }

    @Test("WinoGrande has no acc_norm")
    func winogrande() {
        #expect(BenchmarkName.winogrande.metrics(gold: 0, outcomes: outcomes([(-1, 1), (-2, 1)])).accNorm == nil)
    }

    @Test("a table names the metrics that the harness names, in its order")
    func descriptions() {
        #expect(
            BenchmarkName.allCases.map(\.rawValue) == [
                "lambada_openai", "hellaswag", "piqa", "arc_easy", "arc_challenge", "winogrande",
            ])
        #expect(BenchmarkName.lambadaOpenAI.description.metrics.map(\.rawValue) == ["perplexity", "acc"])
        #expect(BenchmarkName.winogrande.description.metrics.map(\.rawValue) == ["acc"])
        for benchmark in [BenchmarkName.hellaswag, .piqa, .arcEasy, .arcChallenge] {
            #expect(benchmark.description.metrics.map(\.rawValue) == ["acc", "acc_norm"])
        }
        let normalized = BenchmarkName.allCases.filter { $0.description.paperMetric == .normalizedAccuracy }
        #expect(normalized == [.hellaswag, .arcChallenge])
        #expect(BenchmarkName.allCases.allSatisfy { $0.description.version == 1.0 })
        #expect(Metric.allCases.filter { !$0.isHigherBetter } == [.perplexity])
    }

    @Test("no documents give no numbers, one gives no error")
    func few() {
        #expect(BenchmarkName.piqa.aggregate([]).entries.isEmpty)
        let one = BenchmarkName.lambadaOpenAI.aggregate([DocumentMetrics(acc: 1, loglikelihood: -1)])
        #expect(one[.perplexity]?.value == exp(1.0))
        #expect(one.entries.allSatisfy { $0.standardError == nil })
    }
}
