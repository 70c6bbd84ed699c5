import Cluster
import Foundation
import Store
import Wire

/// A run of many small jobs, put into a store before the coordinator starts. Its tokens mean nothing.
struct NoopRun {
    let jobs: Int
    /// Of each job.
    let examples: Int
    /// Of each example.
    let choices: Int

    func write(to path: String) throws {
        let store = try ResultsStore(path, build: "cluster-bench")
        try store.createRun(manifest)
        try store.close()
    }

    private var manifest: RunManifest {
        let hash = String(repeating: "0", count: 64)
        let run = "noop-\(jobs)x\(examples)"
        let documents = (0..<jobs * examples).map(document)
        let shards = (0..<jobs).map { job in
            ManifestShard(
                run: run, cell: 0, examples: Array(job * examples..<(job + 1) * examples),
                tokens: 2 * choices * examples)
        }
        return RunManifest(
            run: run, name: "noop", job: "{}", build: "cluster-bench", created: Date().timeIntervalSince1970,
            models: [ManifestModel(id: "none", path: "/nowhere", sha256: hash, parameters: 0)],
            benchmarks: [
                ManifestBenchmark(
                    name: "noop", data: "/nowhere", dataSHA256: hash, tokenizerSHA256: hash,
                    documents: documents.count, examples: documents)
            ],
            cells: [
                ManifestCell(model: "none", reduction: #"{"method":"none"}"#, benchmark: "noop", precision: "fp32")
            ],
            shards: shards)
    }

    private func document(_ index: Int) -> ManifestExample {
        let prompt = ManifestExample.Prompt(context: "a", continuation: "b", characters: 1, bytes: 1)
        return ManifestExample(
            index: index, document: "{}", documentHash: String(repeating: "0", count: 64), target: "0", gold: 0,
            prompts: [ManifestExample.Prompt](repeating: prompt, count: choices),
            requests: .with { example in
                example.index = UInt32(index)
                example.groups = [
                    .with { group in
                        group.context = [1]
                        group.continuations = (0..<choices).map { choice in .with { $0.tokens = [Int32(choice)] } }
                    }
                ]
            })
    }
}

/// The rows that every worker of the benchmark finds: a function of the example alone, so that checks agree.
enum NoopRow {
    static func make(_ example: UInt32, choices: Int) -> WireRow {
        .with { row in
            row.example = example
            row.flopsReduction = 0.25
            row.flopsReductionWithHead = 0.125
            row.tokens = UInt64(2 * choices)
            row.choices = (0..<choices).map { choice in
                .with {
                    $0.loglikelihood = -1.0 / Double(UInt64(example) + UInt64(choice) + 3)
                    $0.greedy = choice == 0
                    $0.tokens = 1
                    $0.margin = 0.5
                }
            }
        }
    }
}
