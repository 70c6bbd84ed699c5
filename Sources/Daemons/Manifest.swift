import Benchmarks
import Cluster
import Foundation
import Hashing
import Jobs
import Store
import Wire

extension RunManifest {
    /// A planned run as the store keeps it.
    init(_ plan: RunPlan, run: RunID, created: Double) throws {
        let benchmarks =
            plan.benchmarks.map { ManifestBenchmark($0, tokenizerSHA256: plan.tokenizerSHA256) }
            + plan.measures.map { ManifestBenchmark($0, tokenizerSHA256: plan.tokenizerSHA256) }
        let shards = plan.cells.enumerated().flatMap { ordinal, cell in
            cell.shards.map { shard in
                let examples = benchmarks[cell.benchmark].examples[shard.examples].map(\.index)
                return ManifestShard(run: run, cell: ordinal, examples: examples, tokens: shard.tokens)
            }
        }
        self.init(
            run: run, name: plan.job.name, job: plan.job.canonicalJSON, build: Build.name, created: created,
            models: try plan.models.map { model in
                ManifestModel(
                    id: model.id, path: model.path?.path ?? "", sha256: model.summary.sha256,
                    summary: String(decoding: try JSONLine.encode(model.summary), as: UTF8.self),
                    parameters: model.summary.parameters)
            },
            benchmarks: benchmarks,
            cells: plan.cells.map { cell in
                ManifestCell(
                    model: plan.models[cell.model].id, reduction: cell.reduction.canonicalJSON,
                    benchmark: benchmarks[cell.benchmark].name,
                    precision: plan.job.precision.rawValue)
            },
            shards: shards)
    }
}

extension ManifestBenchmark {
    init(_ benchmark: PlannedBenchmark, tokenizerSHA256: String) {
        self.init(
            name: benchmark.rows.name.rawValue, data: benchmark.rows.data.path, dataSHA256: benchmark.dataSHA256,
            tokenizerSHA256: tokenizerSHA256, limit: benchmark.rows.limit, documents: benchmark.documentCount,
            examples: benchmark.examples.map(ManifestExample.init))
    }
}

extension ManifestBenchmark {
    /// A measure: one example, which is what to measure, and no data.
    init(_ measure: Measure, tokenizerSHA256: String) {
        let text = measure.canonicalJSON
        self.init(
            name: measure.name, data: "", dataSHA256: sha256(text), tokenizerSHA256: tokenizerSHA256, documents: 1,
            examples: [
                ManifestExample(
                    index: 0, document: text, documentHash: sha256(text), target: "", gold: nil,
                    prompts: [.init(context: "", continuation: "", characters: 0, bytes: 0)],
                    requests: .with { $0.measure = WireMeasure(measure) })
            ], measure: text)
    }
}

extension WireMeasure {
    init(_ measure: Measure) {
        self.init()
        kind = measure.kind.rawValue
        promptTokens = UInt32(clamping: measure.promptTokens)
        batch = UInt32(clamping: measure.batch)
        newTokens = UInt32(clamping: measure.newTokens ?? 0)
        repeats = UInt32(clamping: measure.repeats ?? 0)
        logits = measure.logits?.rawValue ?? ""
    }
}

extension ManifestExample {
    init(_ example: PlannedExample) {
        let document = example.document
        self.init(
            index: document.id, document: document.source, documentHash: document.docHash, target: document.target,
            gold: document.gold,
            prompts: document.requests.map {
                Prompt(
                    context: $0.context, continuation: $0.continuation, characters: $0.choiceCharacters,
                    bytes: $0.choiceBytes)
            },
            requests: WireExample(index: document.id, requests: example.requests))
    }
}

extension WireExample {
    /// Requests in their order; neighbours with one context share a group.
    init(index: Int, requests: [EncodedRequest]) {
        self.init()
        self.index = UInt32(clamping: index)
        for request in requests {
            if groups.last?.context != request.context {
                groups.append(.with { $0.context = request.context })
            }
            groups[groups.count - 1].continuations.append(.with { $0.tokens = request.continuation })
        }
    }
}
