import Foundation
import Hub
import ModelFiles
import Synchronization
import TestSupport
import Testing

@Suite("A model from the hub")
struct ModelTests {
    let subject: Subject
    let repository: Repository

    init() throws {
        repository = try #require(Repository("someone/tiny-mamba"))
        subject = .model(repository)
    }

    /// A small checkpoint's files by name.
    private func checkpoint(seed: UInt64 = 0) throws -> [String: [UInt8]] {
        let temporary = try TemporaryFolder()
        let folder = temporary.url.appendingPathComponent("model")
        try RandomCheckpoint.write(
            .tiny, seed: seed, vocabulary: 64, elementType: .float32, to: folder, replacing: false)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        return try Dictionary(uniqueKeysWithValues: names.map { ($0, try temporary.read("model/\($0)")) })
    }

    private func hub(_ files: [String: [UInt8]], commit: String? = nil) -> FakeRepository {
        var hub = FakeRepository()
        if let commit { hub.commit = commit }
        hub.files = files.sorted { $0.key < $1.key }.map { (name: $0.key, content: $0.value) }
        hub.large = Set(files.keys.filter { $0.hasSuffix(".safetensors") || $0.hasSuffix(".bin") })
        return hub
    }

    /// The names of the files that were asked for.
    private func files(_ server: LocalServer) -> Set<String> {
        Set(server.asked("/resolve/").compactMap { $0.path.split(separator: "/").last.map(String.init) })
    }

    @Test("is a checkpoint that opens, and is found by name and by content; nothing else of it is fetched")
    func safetensors() throws {
        var content = try checkpoint()
        for extra in ["README.md", "pytorch_model.bin", "tf_model.h5", "onnx/model.bin", "../config.json"] {
            content[extra] = Array("extra".utf8)
        }
        let server = try LocalServer { [hub = hub(content)] in hub.reply($0) }
        let bench = try Bench()
        let snapshot = try bench.fetcher(server).fetch(subject)
        #expect(files(server) == ["config.json", "model.safetensors"])
        let sha256 = try Checkpoint.open(snapshot.location).sha256()
        #expect(snapshot.record.checkpoint == sha256)
        #expect(bench.cache.model(sha256: sha256) == snapshot.folder)
        #expect(bench.cache.model(id: "someone/tiny-mamba") == snapshot.folder)
        #expect(bench.cache.model(repository: repository, revision: hub(content).commit) == snapshot.folder)
        #expect(bench.cache.snapshots() == [snapshot])
    }

    @Test("may come in shards")
    func shards() throws {
        var content = try checkpoint()
        let weights = try #require(content["model.safetensors"])
        content["model.safetensors"] = nil
        let length = weights.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONSerialization.jsonObject(with: Data(weights[8..<8 + length])) as? [String: Any]
        let names = try #require(header).keys.filter { $0 != "__metadata__" }
        let shard = "model-00001-of-00001.safetensors"
        content[shard] = weights
        let map = Dictionary(uniqueKeysWithValues: names.map { ($0, shard) })
        content["model.safetensors.index.json"] = try Array(JSONEncoder().encode(["weight_map": map]))
        let server = try LocalServer { [hub = hub(content)] in hub.reply($0) }
        let snapshot = try Bench().fetcher(server).fetch(subject)
        #expect(snapshot.record.files.map(\.name) == ["config.json", shard, "model.safetensors.index.json"])
    }

    @Test("may come in PyTorch's format", .enabled(if: Shared.isAvailable, Shared.explanation))
    func torch() throws {
        let folder = try Shared.url("fixtures/models/m1-ss")
        let content = try Dictionary(
            uniqueKeysWithValues: ["config.json", "pytorch_model.bin"].map {
                ($0, try Array(Data(contentsOf: folder.appendingPathComponent($0))))
            })
        let server = try LocalServer { [hub = hub(content)] in hub.reply($0) }
        let snapshot = try Bench().fetcher(server).fetch(subject)
        #expect(try snapshot.record.checkpoint == Checkpoint.open(folder).sha256())
    }

    @Test("of an index that leads outside its folder is refused")
    func hostileIndex() throws {
        var content = try checkpoint()
        content["model.safetensors"] = nil
        content["model.safetensors.index.json"] = Array(#"{"weight_map":{"a":"../../x.safetensors"}}"#.utf8)
        let server = try LocalServer { [hub = hub(content)] in hub.reply($0) }
        let error = failure { _ = try Bench().fetcher(server).fetch(subject) }
        #expect(error?.is(.answer, saying: "names '../../x.safetensors', which is no shard") == true)
    }

    @Test("of another family is refused before its weights are fetched")
    func family() throws {
        let content = ["config.json": Array(#"{"model_type":"gpt_neox"}"#.utf8), "model.safetensors": sampleBytes(9)]
        let server = try LocalServer { [hub = hub(content)] in hub.reply($0) }
        let error = failure { _ = try Bench().fetcher(server).fetch(subject) }
        #expect(error?.is(.answer, saying: "someone/tiny-mamba is a model of type 'gpt_neox'") == true)
        #expect(files(server) == ["config.json"])
    }

    @Test("that does not open is not taken for one")
    func unreadable() throws {
        var content = try checkpoint()
        content["model.safetensors"] = sampleBytes(100)
        let server = try LocalServer { [hub = hub(content)] in hub.reply($0) }
        let bench = try Bench()
        let error = failure { _ = try bench.fetcher(server).fetch(subject) }
        #expect(error?.is(.answer, saying: "is no checkpoint of Molt's: someone/tiny-mamba/model.safetensors") == true)
        #expect(bench.cache.model(repository: repository) == nil)
    }

    @Test("without weights is refused")
    func weightless() throws {
        let server = try LocalServer { [hub = hub(["config.json": Array("{}".utf8)])] in hub.reply($0) }
        let error = failure { _ = try Bench().fetcher(server).fetch(subject) }
        #expect(error?.is(.notFound, saying: "holds none of model.safetensors") == true)
    }

    @Test("stays at its commit until an update is asked for; the old commit stays in the cache")
    func pinned() throws {
        let commits = [String(repeating: "1", count: 40), String(repeating: "2", count: 40)]
        let hubs = try commits.enumerated().map { hub(try checkpoint(seed: UInt64($0.offset)), commit: $0.element) }
        let newest = Mutex(0)
        let server = try LocalServer { asked in
            let asksOld = asked.path.contains(commits[0])
            return hubs[asksOld ? 0 : newest.withLock { $0 }].reply(asked)
        }
        let bench = try Bench()
        let old = try bench.fetcher(server).fetch(subject)
        newest.withLock { $0 = 1 }
        #expect(try bench.fetcher(server).fetch(subject) == old)
        let new = try bench.fetcher(server).fetch(subject, updating: true)
        #expect(new.record.revision == commits[1])
        #expect(bench.cache.model(repository: repository) == new.folder)
        #expect(bench.cache.model(repository: repository, revision: commits[0]) == old.folder)
        #expect(try bench.fetcher(server).fetch(subject, revision: commits[0]) == old)
        #expect(try bench.fetcher(nil, offline: true).fetch(subject) == new)
    }

    @Test("whose first fetch was cut short goes on at the same commit")
    func pinnedEarly() throws {
        let commits = [String(repeating: "1", count: 40), String(repeating: "2", count: 40)]
        let hubs = try commits.enumerated().map { hub(try checkpoint(seed: UInt64($0.offset)), commit: $0.element) }
        let isSecond = Mutex(false)
        let server = try LocalServer { asked in
            let isSecond = isSecond.withLock { $0 }
            if asked.path.hasSuffix("model.safetensors"), !isSecond { return .error(403) }
            return hubs[isSecond && !asked.path.contains(commits[0]) ? 1 : 0].reply(asked)
        }
        let bench = try Bench()
        #expect(failure { _ = try bench.fetcher(server).fetch(subject) }?.kind == .refused)
        isSecond.withLock { $0 = true }
        #expect(try bench.fetcher(server).fetch(subject).record.revision == commits[0])
    }

    @Test("is named by its published id, by OWNER/NAME, and by nothing else")
    func names() {
        #expect(Repository.publishedIDs.count == 10)
        #expect(Subject("mamba2-1.3b") == Repository("state-spaces/mamba2-1.3b").map { .model($0) })
        #expect(Subject("mamba-130m").map(String.init(describing:)) == "mamba-130m")
        for name in ["tiny", "mamba-131m", "a/b/c", "../x", "a/..", "/x", "a/", "a b/c", "a/b?x", ""] {
            #expect(Subject(name) == nil, "\(name)")
        }
    }

    @Test("that is not there cannot be had offline")
    func offline() throws {
        let error = failure { _ = try Bench().fetcher(nil, offline: true).fetch(subject) }
        #expect(error?.is(.offline, saying: "someone/tiny-mamba is not in the cache") == true)
    }
}
