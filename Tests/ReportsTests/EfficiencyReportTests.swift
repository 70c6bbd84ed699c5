import Benchmarks
import Cluster
import Foundation
import Reports
import Store
import TestSupport
import Testing
import Wire

@Suite("A report of measurements")
struct EfficiencyReportTests {
    static let gibibyte = UInt64(1 << 30)

    /// A run of the paper's setup: unreduced, two reductions, and one that did not fit.
    final class Sample {
        let store: ResultsStore
        private let folder: TemporaryFolder
        private let manifest: RunManifest
        private let engine = EngineDescription(build: "0.1", name: "cuda/test", arithmetic: "cuda/test")

        init(_ measures: [Measure]) throws {
            folder = try TemporaryFolder()
            store = try ResultsStore(folder.path(), build: "0.1", now: { 1_700_000_060.5 })
            let reductions =
                [#"{"method":"none"}"#]
                + [0.1, 0.2, 0.3].map { #"{"flops":\#($0),"method":"utrc","scope":"context"}"# }
            let hash = String(repeating: "ab", count: 32)
            let cells = reductions.flatMap { reduction in
                measures.map {
                    ManifestCell(model: "big", reduction: reduction, benchmark: $0.name, precision: "bf16")
                }
            }
            manifest = RunManifest(
                run: "r1", name: "paper", job: "{}", build: "0.1", created: 1_700_000_000.25,
                models: [
                    ManifestModel(
                        id: "big", path: "", sha256: hash,
                        summary: #"{"published_shape":"mamba-2.8b","random_seed":0}"#, parameters: 2_768_345_600)
                ],
                benchmarks: measures.map { measure in
                    ManifestBenchmark(
                        name: measure.name, data: "", dataSHA256: hash, tokenizerSHA256: hash, documents: 1,
                        examples: [
                            ManifestExample(
                                index: 0, document: measure.canonicalJSON, documentHash: hash, target: "", gold: nil,
                                prompts: [.init(context: "", continuation: "", characters: 0, bytes: 0)],
                                requests: .with { $0.measure = .with { $0.kind = measure.kind.rawValue } })
                        ], measure: measure.canonicalJSON)
                }, cells: cells,
                shards: cells.indices.map { ManifestShard(run: "r1", cell: $0, examples: [0], tokens: 1) })
            try store.createRun(manifest)
            try store.commit([.bound(run: "r1", model: hash, engine: engine.identity)])
        }

        func measured(cell: Int, saved: Double, _ measurement: WireMeasurement) throws {
            let job = manifest.shards[cell].job
            let row = WireRow.with {
                ($0.flopsReduction, $0.flopsReductionWithHead, $0.tokens) = (saved, saved, 1)
                ($0.choices, $0.measurement) = ([.init()], measurement)
            }
            try store.commit(
                [
                    .granted(Lease(job: job, epoch: 1, worker: "w", incarnation: store.incarnation)),
                    .scored(job: job, epoch: 1, worker: "w", rows: [row]), .job(job, .done),
                ], engines: ["w": engine])
        }

        func failed(cell: Int, _ detail: String) throws {
            try store.commit([.job(manifest.shards[cell].job, .failed(detail: detail))])
        }

        func report() throws -> RunReport { try store.read { try RunReport($0, run: "r1") } }
    }

    static func memory() throws -> RunReport {
        let sample = try Sample([.memory(promptTokens: 2048, batch: 96)])
        try sample.failed(cell: 0 + 1, "node-3: needs 90.00 GiB, has 80.00 GiB: memory-96x2048 of big takes more")
        for (cell, saved, activations) in [(0, 0.0, 44), (3, 0.3, 24)] as [(Int, Double, UInt64)] {
            try sample.measured(
                cell: cell, saved: saved,
                .with { ($0.weightBytes, $0.activationBytes) = (6 * gibibyte, activations * gibibyte) })
        }
        return try sample.report()
    }

    static func throughput() throws -> RunReport {
        let sample = try Sample([.throughput(promptTokens: 2048, batch: 16, newTokens: 100)])
        for (cell, saved, seconds) in [(0, 0.0, [4.0, 4, 5]), (3, 0.3, [3.2, 2.5, 4])] as [(Int, Double, [Double])] {
            try sample.measured(
                cell: cell, saved: saved,
                .with {
                    ($0.weightBytes, $0.activationBytes) = (6 * gibibyte, gibibyte)
                    $0.passes = zip(seconds, [4.0, 4, 5]).map { seconds, plain in
                        .with {
                            ($0.promptSeconds, $0.stepSeconds) = (seconds / 2, seconds / 2)
                            ($0.plainPromptSeconds, $0.plainStepSeconds) = (plain / 2, plain / 2)
                        }
                    }
                })
        }
        return try sample.report()
    }

    @Test("memory stands beside the printed figures, and what did not fit says what it needs")
    func memoryTable() throws {
        let text = try Self.memory().markdown()
        let table = """
            ## Peak memory: one pass over 96 sequences of 2,048 tokens, the logits of all rows held

            | Model | Method | Target | Weights | Activations | Peak | Less | Printed |
            | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
            | big | none |  | 6.00 GiB | 44.00 GiB | 50.00 GiB | 0.0 % |  |
            | big | utrc | 10 % | needs 90.00 GiB, has 80.00 GiB |  |  |  | 14.4 % |
            | big | utrc | 20 % | not measured yet |  |  |  | 27.7 % |
            | big | utrc | 30 % | 6.00 GiB | 24.00 GiB | 30.00 GiB | 40.0 % | 40.0 % |

            """
        #expect(text.contains(table), "\(text)")
        #expect(text.contains("- Random weights of the published shape, for no checkpoint was there: big."))
        #expect(text.contains("- Measured by cuda/test of 0.1."))
        #expect(text.contains("Figures 3–6, on 2,048 tokens, batch 96, A100 80 GB."))
        #expect(!text.contains("confidence") && !text.contains("LAMBADA"))
    }

    @Test("speed is the paper's, and the speed-up the median of pairs with its range")
    func throughputTable() throws {
        let report = try Self.throughput()
        let table = """
            | Model | Method | Target | Tokens/s | Prompts, s | Steps, s | Speed-up | Range | Printed |
            | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
            | big | none |  | 400.0 | 2.000 | 2.000 | 1.00× | 1.00–1.00 |  |
            | big | utrc | 10 % | not measured yet |  |  |  |  | 1.07× |
            | big | utrc | 20 % | not measured yet |  |  |  |  | 1.17× |
            | big | utrc | 30 % | 500.0 | 1.600 | 1.600 | 1.25× | 1.25–1.60 | 1.29× |

            """
        let text = report.markdown()
        #expect(text.contains(table), "\(text)")
        #expect(report.measurements.map(\.speedUp) == [1, nil, nil, 1.25])
    }

    @Test("the page has a chart with the paper's points hollow, and none of the sections for scores")
    func page() throws {
        let page = try Self.memory().html()
        #expect(page.contains("Peak memory saved, %"))
        #expect(page.contains("big: 40.0 % less memory, 30.0 % of FLOPs saved"))
        #expect(page.contains("big, printed: 40.0 % less memory"))
        #expect(page.contains("Memory and speed") && !page.contains("Coverage and ties"))
        #expect(page.contains("2 of 4 rows stored"))
    }

    @Test("scripts read bytes, seconds and shares", arguments: [Measure.Kind.memory, .throughput])
    func json(kind: Measure.Kind) throws {
        let report = try kind == .memory ? Self.memory() : Self.throughput()
        let object = try #require(
            JSONSerialization.jsonObject(with: Data(report.json().utf8)) as? [String: Any])
        let measurements = try #require(object["measurements"] as? [[String: Any]])
        #expect(measurements.count == 4 && (object["cells"] as? [Any])?.isEmpty == true)
        let last = measurements[3]
        #expect(last["random_weights"] as? Bool == true)
        #expect(last["weight_bytes"] as? Int == 6 << 30)
        if kind == .memory {
            #expect(last["peak_reduction"] as? Double == 0.4 && last["printed"] as? Double == 0.4)
            #expect((measurements[1]["failure"] as? String)?.contains("needs 90.00 GiB") == true)
        } else {
            #expect(last["speed_up"] as? Double == 1.25 && last["printed"] as? Double == 1.29)
            #expect((last["passes"] as? [Any])?.count == 3)
        }
    }
}
