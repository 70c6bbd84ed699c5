import Benchmarks
import Foundation
import TestSupport
import Testing
import Tokenizer

/// Fifty documents a benchmark as lm-evaluation-harness 0.4.13 formed, scored and rated them.
@Suite(.enabled(if: Shared.isAvailable, Shared.explanation))
struct HarnessTests {
    struct Recorded: Decodable {
        struct Request: Decodable {
            let context: String
            let continuation: String
            let contextTokens: [Int32]
            let continuationTokens: [Int32]
            let loglikelihood: Double
            let greedy: Bool
        }
        enum Target: Decodable {
            case index(Int)
            case text(String)
            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let index = try? container.decode(Int.self) {
                    self = .index(index)
                } else {
                    self = .text(try container.decode(String.self))
                }
            }
            var text: String {
                switch self {
                case .index(let index): String(index)
                case .text(let text): text
                }
            }
        }
        let docId: Int
        let target: Target
        let requests: [Request]
        let acc: Double
        let accNorm: Double?
        let perplexity: Double?
    }

    struct Results: Decodable {
        enum Value: Decodable {
            case number(Double)
            case other
            init(from decoder: any Decoder) throws {
                let number = try? decoder.singleValueContainer().decode(Double.self)
                self = number.map(Value.number) ?? .other
            }
        }
        let tasks: [String: [String: Value]]
    }

    static let tokenizer = Result {
        try BytePairTokenizer(contentsOf: Shared.url("data/gpt_neox_20b_tokenizer/tokenizer.json"))
    }

    func recorded(_ benchmark: BenchmarkName) throws -> [Recorded] {
        let url = try Shared.url("fixtures/lm_eval/\(benchmark.rawValue).json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode([Recorded].self, from: Data(contentsOf: url))
    }

    func loaded(_ benchmark: BenchmarkName) throws -> [Document] {
        try documents(benchmark: benchmark, data: Shared.url("fixtures/lm_eval/docs/\(benchmark.rawValue).jsonl"))
    }

    @Test("strings, targets and token ids are the harness's", arguments: BenchmarkName.allCases)
    func requests(_ benchmark: BenchmarkName) throws {
        let tokenizer = try Self.tokenizer.get()
        let documents = try loaded(benchmark)
        let recorded = try recorded(benchmark)
        #expect(documents.count == 50)
        #expect(recorded.count == 50)
        for (document, expected) in zip(documents, recorded) {
            #expect(document.id == expected.docId)
            #expect(Array(document.target.utf8) == Array(expected.target.text.utf8))
            if case .index(let gold) = expected.target { #expect(document.gold == gold) }
            let encoded = try document.encodedRequests(with: tokenizer)
            #expect(document.requests.count == expected.requests.count)
            for index in expected.requests.indices {
                let request = document.requests[index]
                #expect(Array(request.context.utf8) == Array(expected.requests[index].context.utf8))
                #expect(Array(request.continuation.utf8) == Array(expected.requests[index].continuation.utf8))
                #expect(encoded[index].context == expected.requests[index].contextTokens)
                #expect(encoded[index].continuation == expected.requests[index].continuationTokens)
            }
        }
    }

    @Test("metrics of documents and of benchmarks are the harness's", arguments: BenchmarkName.allCases)
    func metrics(_ benchmark: BenchmarkName) throws {
        var all: [DocumentMetrics] = []
        for (document, expected) in zip(try loaded(benchmark), try recorded(benchmark)) {
            let outcomes = zip(document.requests, expected.requests).map { request, recorded in
                ChoiceOutcome(request, loglikelihood: recorded.loglikelihood, greedy: recorded.greedy)
            }
            let metrics = benchmark.metrics(gold: document.gold, outcomes: outcomes)
            #expect(metrics.acc == expected.acc)
            #expect(metrics.accNorm == expected.accNorm)
            #expect(metrics.loglikelihood == expected.perplexity)
            all.append(metrics)
        }
        let url = try Shared.url("fixtures/lm_eval/results.json")
        let results = try JSONDecoder().decode(Results.self, from: Data(contentsOf: url))
        let task = try #require(results.tasks[benchmark.rawValue])
        // The recording was made with bootstrap_iters = 1000.
        let aggregate = benchmark.aggregate(all, bootstrapIterations: 1000)
        #expect(aggregate.count == 50)
        for metric in benchmark.description.metrics {
            guard case .number(let value) = task["\(metric.rawValue),none"],
                case .number(let standardError) = task["\(metric.rawValue)_stderr,none"]
            else {
                Issue.record("the recording has no \(metric.rawValue)")
                continue
            }
            #expect(aggregate[metric]?.value == value)
            #expect(aggregate[metric]?.standardError == standardError)
        }
        let reported = task.keys.filter { $0.hasSuffix(",none") && !$0.contains("_stderr") }.sorted()
        #expect(benchmark.description.metrics.map { "\($0.rawValue),none" }.sorted() == reported)
    }
}
