import Benchmarks
import Cluster
import Foundation
import Reports
import Store
import TestSupport
import Wire

/// A store with one run whose scores the test chooses.
final class SampleRun: Sendable {
    /// What a model made of a document's requests, in order.
    typealias Outcome = [(loglikelihood: Double, greedy: Bool)]

    static let hash = String(repeating: "cd", count: 32)
    let run: String
    private let modelSHA256: String
    let store: ResultsStore
    private let folder: TemporaryFolder

    /// Each benchmark's documents; each of `reductions` (canonical JSON) makes a cell of each benchmark.
    init(
        _ benchmarks: [(name: BenchmarkName, documents: [Document])], reductions: [String] = [#"{"method":"none"}"#],
        run: String = "r1", model: String = "tiny", modelSHA256: String = SampleRun.hash,
        dataSHA256: String = SampleRun.hash, tokenizerSHA256: String = SampleRun.hash, precision: String = "fp32",
        shape: String? = nil, limit: Int? = nil
    ) throws {
        self.run = run
        self.modelSHA256 = modelSHA256
        folder = try TemporaryFolder()
        store = try ResultsStore(folder.path(), build: "0.1", now: { 1_700_000_060.5 })
        let cells = reductions.flatMap { reduction in
            benchmarks.map { benchmark in
                ManifestCell(
                    model: model, reduction: reduction, benchmark: benchmark.name.rawValue, precision: precision)
            }
        }
        let shards = cells.indices.map { cell in
            let documents = benchmarks[cell % benchmarks.count].documents
            return ManifestShard(run: run, cell: cell, examples: documents.map(\.id), tokens: 0)
        }
        try store.createRun(
            RunManifest(
                run: run, name: "quick", job: "{}", build: "0.1", created: 1_700_000_000.25,
                models: [
                    ManifestModel(
                        id: model, path: "models/\(model)", sha256: modelSHA256,
                        summary: shape.map { #"{"published_shape":"\#($0)"}"# } ?? "{}", parameters: 1234)
                ],
                benchmarks: benchmarks.map { benchmark in
                    ManifestBenchmark(
                        name: benchmark.name.rawValue, data: "\(benchmark.name.rawValue).jsonl",
                        dataSHA256: dataSHA256, tokenizerSHA256: tokenizerSHA256, limit: limit,
                        documents: benchmark.documents.count,
                        examples: benchmark.documents.map(Self.example))
                }, cells: cells, shards: shards))
    }

    /// Stores the outcomes of a cell, by document; documents without one stay missing.
    func score(cell: Int, flopsReduction: Double = 0, margin: Float = 1, _ outcomes: [(document: Int, Outcome)]) throws
    {
        let job = try store.read { try $0.description(of: run).jobs[cell].id }
        let rows = outcomes.map { document, outcome in
            var row = WireRow()
            row.example = UInt32(document)
            row.tokens = UInt64(10 + document)
            row.flopsReduction = flopsReduction
            row.flopsReductionWithHead = flopsReduction / 2
            row.choices = outcome.map { loglikelihood, greedy in
                var choice = WireRow.Choice()
                choice.loglikelihood = loglikelihood
                choice.greedy = greedy
                choice.margin = margin
                return choice
            }
            return row
        }
        let engine = EngineDescription(build: "0.1", name: "cpu/test", arithmetic: "cpu/test")
        let lease = Lease(job: job, epoch: 1, worker: "w", incarnation: store.incarnation)
        try store.commit(
            [
                .bound(run: run, model: modelSHA256, engine: engine.identity), .granted(lease),
                .scored(job: job, epoch: 1, worker: "w", rows: rows),
            ], engines: ["w": engine])
    }

    func end(_ state: RunState) throws { try store.commit([.run(run, state)]) }

    func report(bootstrapIterations: Int = 0) throws -> RunReport {
        try store.read { try RunReport($0, run: run, bootstrapIterations: bootstrapIterations) }
    }

    private static func example(_ document: Document) -> ManifestExample {
        var requests = WireExample()
        requests.index = UInt32(document.id)
        requests.groups = document.requests.map { _ in
            var group = WireExample.Group()
            group.continuations = [WireExample.Continuation()]
            return group
        }
        return ManifestExample(
            index: document.id, document: document.source, documentHash: document.docHash, target: document.target,
            gold: document.gold,
            prompts: document.requests.map {
                .init(
                    context: $0.context, continuation: $0.continuation, characters: $0.choiceCharacters,
                    bytes: $0.choiceBytes)
            }, requests: requests)
    }
}

extension Document {
    /// A document with two choices, the first of which is right.
    static func twoChoices(_ id: Int) -> Document {
        Document(
            id: id, source: #"{"goal": "g\#(id)", "label": 0}"#, docHash: SampleRun.hash, gold: 0,
            requests: [
                Request(context: "Question: g\(id)\nAnswer:", continuation: " yes"),
                Request(context: "Question: g\(id)\nAnswer:", continuation: " not at all"),
            ], target: "0")
    }

    /// A document with one continuation.
    static func lastWord(_ id: Int) -> Document {
        Document(
            id: id, source: #"{"text": "one two \#(id)"}"#, docHash: SampleRun.hash, gold: nil,
            requests: [Request(context: "one two", continuation: " \(id)")], target: " \(id)")
    }
}
