import Foundation
import Hub
import TestSupport
import Testing

@Suite("The cache")
struct CacheTests {
    @Test(
        "stands where the environment says",
        arguments: [
            (["MOLT_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"], "/a"),
            (["XDG_CACHE_HOME": "/b", "HOME": "/c"], "/b/molt"),
            (["XDG_CACHE_HOME": "relative", "HOME": "/c"], "/c/.cache/molt"),
            (["MOLT_CACHE": "", "HOME": "/c"], "/c/.cache/molt"),
        ])
    func place(environment: [String: String], path: String) {
        #expect(Cache.standard(environment: environment).root.path == path)
    }

    @Test("finds what was damaged by its hash, and what was cut by its length")
    func damage() throws {
        let hub = FakeRepository.tokenizer
        let server = try LocalServer { hub.reply($0) }
        let bench = try Bench()
        let fetcher = try bench.fetcher(server)
        let snapshot = try fetcher.fetch(.sharedTokenizer)
        #expect(try fetcher.verify(snapshot).isEmpty)
        let blob = snapshot.location.resolvingSymlinksInPath()

        try FileManager.default.removeItem(at: blob)
        try Data(hub.content.reversed()).write(to: blob)
        #expect(bench.cache.tokenizer() != nil)
        #expect(try fetcher.verify(snapshot) == ["tokenizer.json"])
        #expect(bench.cache.tokenizer() == nil)
        #expect(try fetcher.fetch(.sharedTokenizer) == snapshot)

        try FileManager.default.removeItem(at: blob)
        try Data(hub.content.dropLast()).write(to: blob)
        #expect(bench.cache.tokenizer() == nil)
        #expect(try fetcher.fetch(.sharedTokenizer) == snapshot)
        #expect(bench.notes.contains { $0.contains("has 9999 bytes instead of 10000") })
        #expect(try bench.content(snapshot) == hub.content)
    }

    @Test("keeps its contents read-only")
    func readOnly() throws {
        let hub = FakeRepository.tokenizer
        let server = try LocalServer { hub.reply($0) }
        let bench = try Bench()
        let blob = try bench.fetcher(server).fetch(.sharedTokenizer).location.resolvingSymlinksInPath()
        let mode = try FileManager.default.attributesOfItem(atPath: blob.path)[.posixPermissions] as? Int
        #expect(mode == 0o444 && blob.path.contains(bench.cache.root.lastPathComponent))
    }

    @Test("keeps one content once, whatever names lead to it")
    func sharing() throws {
        let hub = FakeRepository.tokenizer
        let server = try LocalServer { hub.reply($0) }
        let bench = try Bench()
        let other = try #require(Repository("someone/else"))
        let fetcher = try bench.fetcher(server)
        let first = try fetcher.fetch(.sharedTokenizer)
        let second = try fetcher.fetch(.tokenizer(other))
        #expect(first.location != second.location)
        #expect(first.location.resolvingSymlinksInPath() == second.location.resolvingSymlinksInPath())
        #expect(try bench.content(first) == bench.content(second))
        #expect(server.asked("/resolve/").count == 1)
    }

    @Test("does not follow a record that leads outside")
    func hostileRecord() throws {
        let hub = FakeRepository.tokenizer
        let server = try LocalServer { hub.reply($0) }
        let bench = try Bench()
        let snapshot = try bench.fetcher(server).fetch(.sharedTokenizer)
        var record = snapshot.record
        record.files[0].name = "../\(record.files[0].name)"
        try JSONEncoder().encode(record).write(to: snapshot.folder.appendingPathComponent("record.json"))
        #expect(bench.cache.tokenizer() == nil)
    }
}
