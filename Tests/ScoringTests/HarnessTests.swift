import Backends
import Benchmarks
import Foundation
import Mamba
import ModelFiles
import Operations
import Scoring
import TestSupport
import Testing
import Tokenizer

/// What lm-evaluation-harness 0.4.13 recorded of one document: `lm_eval/TASK.json`.
struct HarnessDocument: Decodable {
    let docId: Int
    let requests: [Request]
    let acc: Double
    let accNorm: Double?

    struct Request: Decodable {
        let loglikelihood: Double
        let greedy: Bool
    }
}

@Suite("Scores from rows, document for document", .enabled(if: Shared.isAvailable, Shared.explanation))
struct HarnessTests {
    static let all = BenchmarkName.allCases.flatMap { name in Engine.allCases.map { (name, $0) } }

    @Test("log-likelihoods, greedy flags and metrics equal lm-evaluation-harness's", arguments: all)
    func documents(benchmark: BenchmarkName, engine: Engine) throws {
        let tokenizer = try BytePairTokenizer(
            contentsOf: Shared.url("data/gpt_neox_20b_tokenizer/tokenizer.json"))
        let documents = try Benchmarks.documents(
            benchmark: benchmark, data: Shared.url("fixtures/lm_eval/docs/\(benchmark.rawValue).jsonl"))
        let golden: [HarnessDocument] = try Golden.read("fixtures/lm_eval/\(benchmark.rawValue).json")
        #expect(golden.count == 50)
        #expect(documents.count == golden.count)
        let requests = try documents.flatMap { document in
            try document.encodedRequests(with: tokenizer).map {
                ScoringRequest(id: "\(document.id)", context: $0.context, continuations: [$0.continuation])
            }
        }
        var scores = try engine.scorer(Shared.url("fixtures/lm_eval/model")).score(requests).flatMap(\.scores)[...]
        for (document, expected) in zip(documents, golden) {
            let own = scores.prefix(document.requests.count)
            scores = scores.dropFirst(own.count)
            #expect(own.count == expected.requests.count)
            for (score, request) in zip(own, expected.requests) {
                #expect(abs(score.loglikelihood - request.loglikelihood) <= Golden.tolerance)
                #expect(score.greedy == request.greedy)
            }
            let outcomes = zip(document.requests, own).map {
                ChoiceOutcome($0, loglikelihood: $1.loglikelihood, greedy: $1.greedy)
            }
            let metrics = benchmark.metrics(gold: document.gold, outcomes: outcomes)
            #expect(metrics.acc == expected.acc, "\(benchmark.rawValue) document \(document.id)")
            #expect(metrics.accNorm == expected.accNorm, "\(benchmark.rawValue) document \(document.id)")
        }
    }
}
