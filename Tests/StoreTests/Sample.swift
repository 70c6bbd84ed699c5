import Cluster
import Foundation
import Store
import Wire

/// A small run: one model, two reductions, one benchmark of two-choice documents.
enum Sample {
    static let hash = String(repeating: "ab", count: 32)
    static let worker: WorkerKey = String(repeating: "w", count: 40)
    static let other: WorkerKey = String(repeating: "o", count: 40)

    static func manifest(run: RunID = "sample", documents: Int = 10, shardSize: Int = 4) -> RunManifest {
        let shards = (0..<2).flatMap { cell in
            stride(from: 0, to: documents, by: shardSize).map { start in
                let examples = Array(start..<min(start + shardSize, documents))
                return ManifestShard(run: run, cell: cell, examples: examples, tokens: 5 * examples.count)
            }
        }
        return RunManifest(
            run: run, name: "quick", job: #"{"name":"quick"}"#, build: "0.1", created: 1_700_000_000,
            models: [ManifestModel(id: "tiny", path: "models/tiny", sha256: hash, parameters: 1000)],
            benchmarks: [
                ManifestBenchmark(
                    name: "piqa", data: "piqa.jsonl", dataSHA256: hash, tokenizerSHA256: hash, documents: documents,
                    examples: (0..<documents).map(example))
            ],
            cells: [
                ManifestCell(model: "tiny", reduction: #"{"method":"none"}"#, benchmark: "piqa", precision: "fp32"),
                ManifestCell(model: "tiny", reduction: #"{"method":"utrc"}"#, benchmark: "piqa", precision: "fp32"),
            ],
            shards: shards)
    }

    /// Its right choice is the first for even documents and the second for odd ones.
    static func example(_ index: Int) -> ManifestExample {
        var requests = WireExample()
        requests.index = UInt32(index)
        var group = WireExample.Group()
        group.context = [1, 2, Int32(index)]
        group.continuations = (0..<2).map { choice in
            var continuation = WireExample.Continuation()
            continuation.tokens = [Int32(choice)]
            return continuation
        }
        requests.groups = [group]
        return ManifestExample(
            index: index, document: #"{"goal": "g\#(index)"}"#, documentHash: hash, target: "\(index % 2)",
            gold: index % 2,
            prompts: ["yes", "nö"].map {
                .init(
                    context: "Question: g\(index)\nAnswer:", continuation: " \($0)",
                    characters: $0.unicodeScalars.count, bytes: $0.utf8.count)
            }, requests: requests)
    }

    static func row(_ example: Int, _ loglikelihoods: [Double] = [-1, -2]) -> WireRow {
        var row = WireRow()
        row.example = UInt32(example)
        row.flopsReduction = 0.25
        row.flopsReductionWithHead = 0.2
        row.tokens = 7
        row.choices = loglikelihoods.map { value in
            var choice = WireRow.Choice()
            choice.loglikelihood = value
            choice.tokens = 1
            choice.margin = 0.5
            return choice
        }
        return row
    }

    /// Engines that differ in their kernels, but not in their arithmetic.
    static func engine(named name: String, arithmetic: String = "cpu/test", build: String = "0.1") -> EngineDescription
    {
        EngineDescription(build: build, name: name, arithmetic: arithmetic)
    }

    static func open(_ path: String, sizeLimit: Int? = nil) throws -> ResultsStore {
        try ResultsStore(path, build: "0.1", sizeLimit: sizeLimit, now: { 1_700_000_100 })
    }
}

extension ResultsStore {
    /// Grants a job to the sample's worker, or another, under the next epoch; its run's model is bound to their engine.
    @discardableResult
    func grant(
        _ job: JobID, epoch: UInt64 = 1, to worker: WorkerKey = Sample.worker, _ purpose: LeasePurpose = .score
    ) throws -> ChangeOutcome {
        let run = try run(of: job)
        return try commit([
            .bound(run: run, model: Sample.hash, engine: Sample.engine(named: "").identity),
            .granted(Lease(job: job, epoch: epoch, worker: worker, incarnation: incarnation, purpose: purpose)),
        ])[1]
    }

    private func run(of job: JobID) throws -> RunID { try read { try $0.order(of: job)?.run ?? "" } }

    /// Stores rows under a lease.
    @discardableResult
    func score(
        _ job: JobID, _ rows: [WireRow], epoch: UInt64 = 1, by worker: WorkerKey = Sample.worker
    ) throws -> ChangeOutcome {
        try commit(
            [.scored(job: job, epoch: epoch, worker: worker, rows: rows)],
            engines: [worker: Sample.engine(named: "cpu/test/\(worker.prefix(1))")])[0]
    }

    /// Grants every job of the manifest and stores all its rows.
    func complete(_ manifest: RunManifest) throws {
        for shard in manifest.shards {
            try grant(shard.job)
            try score(shard.job, shard.examples.map { Sample.row($0) })
            try commit([.job(shard.job, .done)])
        }
    }
}
