import Cluster
import Daemons
import Foundation
import Hashing
import Hub
import ModelFiles
import Store
import TestSupport
import Testing
import Wire

@Suite("Models that go from a coordinator to its workers", .serialized)
struct FetchedModelTests {
    /// Gives out what lies in a folder as the model of a hash.
    private func server(
        _ folder: URL, as sha256: String, _ wait: @escaping @Sendable (Asked) -> Void = { _ in }
    ) throws -> LocalServer {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        let files = try names.map { name in
            let url = folder.appendingPathComponent(name)
            return (name: name, hash: try Hashing.sha256(contentsOf: [url]), content: try Array(Data(contentsOf: url)))
        }
        let list = files.map { #"{"name":"\#($0.name)","sha256":"\#($0.hash)","size":\#($0.content.count)}"# }
        let listing = #"{"id":"model","sha256":"\#(sha256)","files":[\#(list.joined(separator: ","))]}"#
        return try LocalServer { asked in
            wait(asked)
            if asked.path == "/models/\(sha256)" { return .json(listing) }
            return files.first { asked.path.hasSuffix("/\($0.hash)") }.map { .file($0.content, asked) } ?? .error(404)
        }
    }

    private func locator(_ stage: WorkerStage, _ server: LocalServer) throws -> ModelLocator {
        let cache = Cache(root: stage.folder.url.appendingPathComponent("cache"))
        let source = try CheckpointSource(
            address: server.address, token: nil, cache: cache, limitBytes: 1 << 30, certificates: nil
        ) { _ in withExtendedLifetime(server) {} }
        return ModelLocator(cache: cache, source: source)
    }

    /// Moves the stage's model to where no worker looks; returns its folder and hash.
    private func hide(_ stage: WorkerStage) throws -> (folder: URL, sha256: String) {
        let folder = stage.folder.url.appendingPathComponent("hidden")
        try FileManager.default.moveItem(at: stage.folder.url.appendingPathComponent("model"), to: folder)
        return (folder, try Checkpoint.open(folder).sha256())
    }

    private func scores(_ message: WireMessage) -> WireScores? {
        if case .scores(let scores) = message { scores } else { nil }
    }

    @Test("a worker fetches a model that is nowhere on its machine, and computes with it")
    func fetched() throws {
        let stage = try WorkerStage()
        let (folder, sha256) = try hide(stage)
        let server = try server(folder, as: sha256)
        let models = try locator(stage, server)
        let worker = try stage.worker { $0.models = models }
        _ = try stage.welcome()
        try stage.sendJob("job", examples: [0, 1])
        var rows = 0
        while rows < 2 {
            let scores = try stage.next(scores)
            rows += scores.rows.count
            try stage.acknowledge(scores)
        }
        try stage.next { if case .jobDone = $0 { () } else { nil } }
        #expect(server.asked.count == 3)
        worker.shutdown()
        #expect(try worker.wait() == .drained)
    }

    @Test("a worker whose download hangs leaves when it is asked to")
    func leaves() throws {
        let stage = try WorkerStage()
        let (folder, sha256) = try hide(stage)
        let (asked, end) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        defer { end.signal() }
        let server = try server(folder, as: sha256) { request in
            guard request.path.split(separator: "/").count == 3 else { return }
            asked.signal()
            end.wait()
        }
        let models = try locator(stage, server)
        let worker = try stage.worker {
            $0.models = models
            $0.parameters.drain = 3_600_000
        }
        _ = try stage.welcome()
        try stage.sendJob("job", examples: [0, 1])
        asked.wait()
        worker.shutdown()
        try stage.next { if case .bye = $0 { () } else { nil } }
        #expect(try worker.wait() == .drained)
    }

    @Test("a model that cannot be fetched is this worker's failure, with the way out")
    func refused() throws {
        let stage = try WorkerStage()
        _ = try hide(stage)
        let server = try LocalServer { _ in .error(404) }
        let models = try locator(stage, server)
        let worker = try stage.worker { $0.models = models }
        _ = try stage.welcome()
        try stage.sendJob("job", examples: [0])
        let failed = try stage.next { if case .jobFailed(let failed) = $0 { failed } else { nil } }
        #expect(failed.class == .worker && failed.detail.contains("--share-models"))
        worker.shutdown()
        _ = try worker.wait()
    }

    @Test("only models that a run names are given out, as they were when it named them")
    func shared() async throws {
        let folder = try TemporaryFolder()
        let model = folder.url.appendingPathComponent("model")
        try RandomCheckpoint.write(.tiny, seed: 1, vocabulary: 64, to: model)
        let sha256 = try Checkpoint.open(model).sha256()
        let store = try ResultsStore(folder.path(), build: "0.1", now: { 1_700_000_100 })
        defer { try? store.close() }
        try store.createRun(
            RunManifest(
                run: "sample", name: "quick", job: "{}", build: "0.1", created: 1_700_000_000,
                models: [ManifestModel(id: "tiny", path: model.path, sha256: sha256, parameters: 1)],
                benchmarks: [], cells: [], shards: []))
        let models = try SharedModels(store: folder.path())
        #expect(try await models.model(sha256: String(repeating: "0", count: 64)) == nil)
        let found = try #require(try await models.model(sha256: sha256))
        #expect(found.listing.files.map(\.name) == ["config.json", "model.safetensors"])
        for file in found.listing.files {
            let url = URL(fileURLWithPath: found.path(of: file))
            #expect(try Hashing.sha256(contentsOf: [url]) == file.sha256)
            #expect(try Data(contentsOf: url).count == file.size)
        }
        #expect(try await models.model(sha256: sha256) == found)
        try FileManager.default.removeItem(at: model)
        try RandomCheckpoint.write(.tiny, seed: 2, vocabulary: 64, to: model)
        let other = try Checkpoint.open(model).sha256()
        await #expect(
            throws: ModelError.different(model: "tiny", path: model.path, expected: sha256, found: other)
        ) { try await models.model(sha256: sha256) }
        try models.close()
    }
}
