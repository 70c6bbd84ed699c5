import Crypto
import Foundation
import Hub
import ModelFiles
import Synchronization
import TestSupport
import Testing

/// A model as a coordinator gives it out.
struct SharedCheckpoint: Sendable {
    let sha256: String
    /// By name.
    let files: [(name: String, content: [UInt8])]

    init(seed: UInt64) throws {
        let temporary = try TemporaryFolder()
        let folder = temporary.url.appendingPathComponent("model")
        try RandomCheckpoint.write(
            .tiny, seed: seed, vocabulary: 64, elementType: .float32, to: folder, replacing: false)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        files = try names.map { ($0, try temporary.read("model/\($0)")) }
        sha256 = try Checkpoint.open(folder).sha256()
    }

    var size: Int { files.reduce(0) { $0 + $1.content.count } }

    static func hash(_ content: [UInt8]) -> String { hexadecimal(SHA256.hash(data: content)) }

    func listing(as sha256: String? = nil) -> String {
        let list = files.map {
            #"{"name":"\#($0.name)","sha256":"\#(Self.hash($0.content))","size":\#($0.content.count)}"#
        }
        return #"{"files":[\#(list.joined(separator: ","))],"id":"tiny","sha256":"\#(sha256 ?? self.sha256)"}"#
    }

    /// What a coordinator with this model answers; nil for what is not of it.
    func reply(_ asked: Asked) -> Reply? {
        if asked.path == "/models/\(sha256)" { return .json(listing()) }
        let file = files.first { asked.path == "/models/\(sha256)/\(Self.hash($0.content))" }
        return file.map { .file($0.content, asked, tag: "\"\(Self.hash($0.content))\"") }
    }
}

@Suite("A model from a coordinator")
struct CheckpointTests {
    let models: [SharedCheckpoint]

    init() throws { models = try (0..<4).map { try SharedCheckpoint(seed: $0) } }

    private func server(_ change: @escaping @Sendable (Asked, inout Reply) -> Void = { _, _ in }) throws -> LocalServer
    {
        try LocalServer { [models] asked in
            var reply = models.lazy.compactMap { $0.reply(asked) }.first ?? .error(404)
            change(asked, &reply)
            return reply
        }
    }

    private func source(
        _ server: LocalServer, _ bench: Bench, limit: Int = 1 << 30, token: String? = nil,
        report: @escaping @Sendable (FetchEvent) -> Void = { _ in }
    ) throws -> CheckpointSource {
        try CheckpointSource(
            address: server.address, token: token, cache: bench.cache, limitBytes: limit,
            patience: Patience { _ in sched_yield() }, certificates: nil
        ) { event in withExtendedLifetime(server) { report(event) } }
    }

    @Test("is downloaded once for all that want it at a time, and then found without the server")
    func once() async throws {
        let bench = try Bench()
        let server = try server()
        let wanted = models[0]
        let source = try source(server, bench)
        let folders = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try await withCheckedThrowingContinuation { continuation in
                        Thread.detachNewThread {
                            continuation.resume(with: Result { try source.fetch(wanted.sha256).folder.path })
                        }
                    }
                }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(folders.count == 1)
        #expect(server.asked.count == 1 + wanted.files.count)
        let held = try #require(try bench.cache.hold(checkpoint: wanted.sha256))
        #expect(try Checkpoint.open(held.folder).sha256() == wanted.sha256)
        #expect(bench.partials.isEmpty)
    }

    @Test("goes on where the connection broke, also in another process's place")
    func resume() throws {
        let bench = try Bench()
        let isBroken = Mutex(true)
        let weights = SharedCheckpoint.hash(try #require(models[0].files.last).content)
        let server = try server { asked, reply in
            guard asked.path.hasSuffix(weights), isBroken.withLock({ $0 }) else { return }
            reply.cut = asked.times == 0 ? 5000 : 0
        }
        let error = failure { _ = try source(server, bench).fetch(models[0].sha256) }
        #expect(error?.kind == .unreachable)
        isBroken.withLock { $0 = false }
        _ = try source(server, bench).fetch(models[0].sha256)
        #expect(server.asked(weights).last?.headers["range"] == "bytes=5000-")
    }

    @Test("makes room by the removal of those used longest ago, never of one in use")
    func limit() throws {
        let bench = try Bench()
        let server = try server()
        let source = try source(server, bench, limit: models[0].size * 5 / 2)
        _ = try source.fetch(models[0].sha256)
        let second = try source.fetch(models[1].sha256)
        // The first was used last, but only the second is in use.
        _ = try source.fetch(models[0].sha256)
        let third = try source.fetch(models[2].sha256)
        #expect(try bench.cache.hold(checkpoint: models[0].sha256) == nil)
        let error = failure { _ = try source.fetch(models[3].sha256) }
        #expect(error?.is(.disk, saying: "--cache-limit") == true)
        for (held, model) in [(second, models[1]), (third, models[2])] {
            #expect(try Checkpoint.open(held.folder).sha256() == model.sha256)
        }
        let blobs = bench.cache.root.appendingPathComponent("blobs/sha256").path
        let kept = Set((models[1].files + models[2].files).map { SharedCheckpoint.hash($0.content) })
        #expect(Set(try FileManager.default.contentsOfDirectory(atPath: blobs)) == kept)
    }

    @Test("that is larger than the limit is refused before a byte of it is fetched")
    func tooLarge() throws {
        let bench = try Bench()
        let server = try server()
        let error = failure { _ = try source(server, bench, limit: 1000).fetch(models[0].sha256) }
        #expect(error?.is(.disk, saying: "tiny") == true)
        #expect(server.asked.count == 1)
    }

    @Test("does not share the cache's limit with what was fetched from the hub")
    func hubStays() throws {
        let bench = try Bench()
        let hub = FakeRepository.tokenizer
        let tokenizer = try bench.fetcher(LocalServer { hub.reply($0) }).fetch(.sharedTokenizer)
        let server = try server()
        let source = try source(server, bench, limit: models[0].size)
        _ = try source.fetch(models[0].sha256)
        _ = try source.fetch(models[1].sha256)
        #expect(bench.cache.tokenizer() == tokenizer.location)
        #expect(try bench.cache.hold(checkpoint: models[0].sha256) == nil)
    }

    @Test("that has another content than the job's is not used")
    func another() throws {
        let bench = try Bench()
        let (wanted, given) = (models[0], models[1])
        let server = try LocalServer { asked in
            if asked.path == "/models/\(wanted.sha256)" { return .json(given.listing(as: wanted.sha256)) }
            let hash = asked.path.split(separator: "/").last.map(String.init) ?? ""
            let file = given.files.first { SharedCheckpoint.hash($0.content) == hash }
            return file.map { .file($0.content, asked) } ?? .error(404)
        }
        let error = failure { _ = try source(server, bench).fetch(wanted.sha256) }
        #expect(error?.is(.corrupt, saying: "gives out another model") == true)
        #expect(try bench.cache.hold(checkpoint: wanted.sha256) == nil)
    }

    @Test(
        "with a listing that no coordinator writes is refused, and nothing is written",
        arguments: [
            #""name":"../config.json","size":3"#, #""name":"record.json","size":3"#, #""name":"a/b","size":3"#,
            #""name":"config.json","size":-1"#, #""name":"config.json","size":9000000000000000"#, #""size":3"#,
        ])
    func hostile(file: String) throws {
        let bench = try Bench()
        let wanted = models[0].sha256
        let server = try LocalServer { _ in
            .json(#"{"id":"x","sha256":"\#(wanted)","files":[{\#(file),"sha256":"\#(wanted)"}]}"#)
        }
        let error = failure { _ = try source(server, bench).fetch(wanted) }
        #expect(error?.kind == .answer)
        #expect(server.asked.count == 1)
        #expect(bench.partials.isEmpty)
    }

    @Test("is fetched again where the copy on this disk is damaged")
    func damaged() throws {
        let bench = try Bench()
        let server = try server()
        let source = try source(server, bench)
        let folder = try source.fetch(models[0].sha256).folder
        let weights = folder.appendingPathComponent("model.safetensors").resolvingSymlinksInPath()
        chmod(weights.path, 0o644)
        let file = try FileHandle(forWritingTo: weights)
        try file.seek(toOffset: 2000)
        try file.write(contentsOf: Data(repeating: 0x55, count: 64))
        try file.close()
        let held = try source.fetch(models[0].sha256, repairing: true)
        #expect(try Checkpoint.open(held.folder).sha256() == models[0].sha256)
        #expect(server.asked(SharedCheckpoint.hash(try #require(models[0].files.first).content)).count == 1)
    }

    @Test("leaves nothing of a download that never ended when the next is of another model")
    func unfinished() throws {
        let bench = try Bench()
        let weights = SharedCheckpoint.hash(try #require(models[0].files.last).content)
        let server = try server { asked, reply in
            if asked.path.hasSuffix(weights) { reply.cut = asked.times == 0 ? 5000 : 0 }
        }
        _ = failure { _ = try source(server, bench).fetch(models[0].sha256) }
        #expect(bench.partials.count == 1)
        _ = try source(server, bench).fetch(models[1].sha256)
        #expect(bench.partials.isEmpty)
    }

    @Test("is refused with the way out", arguments: [(401, "--models-token-file"), (404, "--share-models")])
    func refusals(status: Int, words: String) throws {
        let bench = try Bench()
        let server = try LocalServer { _ in .error(status) }
        let error = failure { _ = try source(server, bench).fetch(models[0].sha256) }
        #expect(error?.description.contains(words) == true)
        #expect(error?.description.contains(server.address) == true)
    }

    @Test("is asked for with the token, which no message shows")
    func token() throws {
        let bench = try Bench()
        let secret = "0123456789abcdef0123456789abcdef"
        let server = try LocalServer { [models] asked in
            guard asked.headers["authorization"] == "Bearer \(secret)" else { return .error(401) }
            return models[0].reply(asked) ?? .error(404)
        }
        _ = try source(server, bench, token: secret).fetch(models[0].sha256)
        let error = failure { _ = try source(server, bench, token: secret + "x").fetch(models[1].sha256) }
        #expect(error?.is(.refused, saying: "does not accept") == true)
        #expect(error?.description.contains(secret) == false)
    }

    @Test("has its token in a file that only its owner reads")
    func tokenFile() throws {
        let folder = try TemporaryFolder()
        #expect(try TokenFile.read(folder.write("secret\nmore\n", to: "good")) == "secret")
        #expect(throws: HubError.self) { try TokenFile.read(folder.write("secret", to: "open", mode: 0o640)) }
        #expect(throws: HubError.self) { try TokenFile.read(folder.write("", to: "empty")) }
        #expect(throws: HubError.self) { try TokenFile.read(folder.path("missing")) }
    }
}
