import Cluster
import Dashboard
import Foundation
import Logging
import Scoring
import Store
import Synchronization
import TestSupport
import Wire

/// A coordinator that says what a test tells it to.
final class FakeCoordinator: DashboardSource {
    private let answer: Mutex<LiveStatus?>

    init(_ status: LiveStatus?) { answer = Mutex(status) }

    struct Gone: Error {}

    func say(_ status: LiveStatus?) { answer.withLock { $0 = status } }

    func status() async throws -> LiveStatus {
        guard let status = answer.withLock({ $0 }) else { throw Gone() }
        return status
    }

    func trace(run: String, cell: Int, example: Int, choice: Int) async throws -> ReductionTrace {
        throw TraceRefusal("the model <b>is</b> too large")
    }

    func texts(run: String, tokenizerSHA256: String, tokens: [Int32]) async throws -> [String]? { nil }
}

/// A store, a coordinator that is not one, and the dashboard over both.
///
/// Two dozen open files each; suites of stages are serialized, for a hundred at a time would be more files than
/// Foundation's `Process` can stand in the tests that start programs meanwhile.
final class Stage: Sendable {
    static let hash = String(repeating: "ab", count: 32)
    /// What an attacker would like to run in a viewer's browser.
    static let attack = "<script>alert('x')</script>\"onload=\"y' & <img src=x onerror=z>"

    let folder: TemporaryFolder
    let store: ResultsStore
    let coordinator: FakeCoordinator
    let server: DashboardServer
    var browser: Browser { Browser(port: server.address.port) }

    private init(
        _ folder: TemporaryFolder, _ store: ResultsStore, _ coordinator: FakeCoordinator, _ server: DashboardServer
    ) {
        self.folder = folder
        self.store = store
        self.coordinator = coordinator
        self.server = server
    }

    /// Runs `body` on a dashboard over a store with the run `sample`.
    static func with(
        name: String = "quick", run: String = "sample", model: String = "tiny", document: String = "goal",
        documents: Int = 10, token: AccessToken? = nil, limits: DashboardOptions.Limits = .init(),
        status: LiveStatus? = nil, _ body: (Stage) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        let store = try ResultsStore(folder.path(), build: "0.1", now: { 1_700_000_100 })
        let manifest = manifest(name: name, run: run, model: model, document: document, documents: documents)
        try store.createRun(manifest)
        for shard in manifest.shards {
            try store.commit([
                .bound(run: run, model: hash, engine: engine.identity),
                .granted(Lease(job: shard.job, epoch: 1, worker: worker, incarnation: store.incarnation)),
            ])
        }
        // The newest half of the second cell's rows are missing.
        let progress = LiveRun(run: run, rows: documents + documents / 2, rowsExpected: 2 * documents)
        let coordinator = FakeCoordinator(status ?? LiveStatus(build: "0.1", incarnation: 7, runs: [progress]))
        var options = DashboardOptions(
            address: ListenAddress(host: "127.0.0.1", port: 0), store: folder.path(), token: token,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        options.limits = limits
        try score(store, manifest, cell: 0) { $0.isMultiple(of: 3) ? [-3, -2] : [-1, -2] }
        try score(store, manifest, cell: 1) { $0 < documents / 2 ? [-1, -2] : nil }
        let stage = Stage(folder, store, coordinator, try await DashboardServer.start(options, source: coordinator))
        do {
            try await body(stage)
        } catch {
            try await stage.server.stop()
            try store.close()
            throw error
        }
        try await stage.server.stop()
        try store.close()
    }

    static let worker: WorkerKey = String(repeating: "w", count: 40)
    static let engine = EngineDescription(build: "0.1", name: "cpu/test", arithmetic: "cpu/test")

    private static func score(
        _ store: ResultsStore, _ manifest: RunManifest, cell: Int, _ choices: (Int) -> [Double]?
    ) throws {
        let rows = manifest.shards[cell].examples.compactMap { example in
            choices(example).map { values in
                WireRow.with {
                    $0.example = UInt32(example)
                    $0.tokens = 7
                    $0.flopsReduction = cell == 0 ? 0 : 0.2
                    $0.flopsReductionWithHead = cell == 0 ? 0 : 0.1
                    $0.choices = values.map { value in
                        .with {
                            $0.loglikelihood = value
                            $0.tokens = 1
                            $0.margin = 0.5
                        }
                    }
                }
            }
        }
        try store.commit(
            [.scored(job: manifest.shards[cell].job, epoch: 1, worker: worker, rows: rows)], engines: [worker: engine])
    }

    /// One model, two reductions, one benchmark of two-choice documents, a shard a cell.
    private static func manifest(name: String, run: String, model: String, document: String, documents: Int)
        -> RunManifest
    {
        RunManifest(
            run: run, name: name, job: "{}", build: "0.1", created: 1_700_000_000,
            models: [ManifestModel(id: model, path: "models/tiny", sha256: hash, parameters: 1000)],
            benchmarks: [
                ManifestBenchmark(
                    name: "piqa", data: "piqa.jsonl", dataSHA256: hash, tokenizerSHA256: hash, documents: documents,
                    examples: (0..<documents).map { example($0, document) })
            ],
            cells: [#"{"method":"none"}"#, #"{"flops":0.2,"method":"utrc","scope":"context"}"#].map {
                ManifestCell(model: model, reduction: $0, benchmark: "piqa", precision: "fp32")
            },
            shards: (0..<2).map { ManifestShard(run: run, cell: $0, examples: Array(0..<documents), tokens: 50) })
    }

    private static func example(_ index: Int, _ document: String) -> ManifestExample {
        let quoted = document.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return ManifestExample(
            index: index, document: "{\"goal\": \"\(quoted) number \(index)\"}", documentHash: hash, target: "0",
            gold: 0,
            prompts: ["yes", "no"].map {
                .init(
                    context: "Question: \(document) \(index)\nAnswer:", continuation: " \($0)", characters: 3, bytes: 3)
            },
            requests: .with {
                $0.index = UInt32(index)
                $0.groups = [
                    .with {
                        $0.context = [1, 2, Int32(index)]
                        $0.continuations = (0..<2).map { choice in .with { $0.tokens = [Int32(choice)] } }
                    }
                ]
            })
    }
}
