import Crypto
import Foundation
import Hub
import Synchronization
import TestSupport
import Testing

@Suite("A download")
struct DownloadTests {
    let hub = FakeRepository.tokenizer

    @Test("is checked, kept by content, and not asked for again", arguments: [true, false])
    func simple(isLarge: Bool) throws {
        var repository = hub
        if !isLarge { repository.large = [] }
        let server = try LocalServer { [repository] in repository.reply($0) }
        let bench = try Bench()
        let snapshot = try bench.fetcher(server).fetch(.sharedTokenizer)
        #expect(try bench.content(snapshot) == hub.content)
        #expect(snapshot.record.revision == hub.commit)
        #expect(snapshot.record.files.map(\.sha256) == [hexadecimal(SHA256.hash(data: hub.content))])
        #expect(bench.cache.tokenizer() == snapshot.location)
        #expect(bench.partials.isEmpty)
        let requests = server.asked.count
        #expect(try bench.fetcher(server).fetch(.sharedTokenizer) == snapshot)
        #expect(server.asked.count == requests)
        #expect(try bench.fetcher(nil, offline: true).fetch(.sharedTokenizer) == snapshot)
    }

    @Test("goes on where the connection broke", arguments: ["\"a\"", nil])
    func resume(tag: String?) throws {
        let server = try LocalServer { [hub] asked in
            guard asked.path.contains("/resolve/") else { return hub.reply(asked) }
            var reply = Reply.file(hub.content, asked, tag: tag)
            if asked.times == 0 { reply.cut = 4000 }
            return reply
        }
        let bench = try Bench()
        let snapshot = try bench.fetcher(server).fetch(.sharedTokenizer)
        #expect(try bench.content(snapshot) == hub.content)
        let asked = server.asked("/resolve/")
        #expect(asked.map { $0.headers["range"] } == [nil, "bytes=4000-"])
        #expect(asked.map { $0.headers["if-range"] } == [nil, tag])
        #expect(bench.waited == .seconds(1))
    }

    @Test("gets through a server that cuts every answer")
    func cuts() throws {
        let server = try LocalServer { [hub] asked in
            var reply = hub.reply(asked)
            if asked.path.contains("/resolve/") { reply.cut = 700 }
            return reply
        }
        let snapshot = try Bench().fetcher(server).fetch(.sharedTokenizer)
        #expect(snapshot.size == hub.content.count)
        #expect(server.asked("/resolve/").count == 15)
    }

    @Test("that makes no progress is given up, and what came is used by the next")
    func stuck() throws {
        let isBroken = Mutex(true)
        let server = try LocalServer { [hub] asked in
            var reply = hub.reply(asked)
            let isBroken = isBroken.withLock { $0 }
            if isBroken, asked.path.contains("/resolve/") { reply.cut = asked.times == 0 ? 3000 : 0 }
            return reply
        }
        let bench = try Bench()
        let error = failure { _ = try bench.fetcher(server).fetch(.sharedTokenizer) }
        #expect(error?.is(.unreachable, saying: "gave up after 6 attempts") == true)
        #expect(bench.partials.count == 1)
        isBroken.withLock { $0 = false }
        _ = try bench.fetcher(server).fetch(.sharedTokenizer)
        #expect(server.asked("/resolve/").last?.headers["range"] == "bytes=3000-")
        #expect(bench.events.contains(.began(file: "tokenizer.json", size: 10_000, have: 3000)))
    }

    @Test("starts over where the server ignores ranges or cannot serve them", arguments: [200, 416])
    func withoutRanges(status: Int) throws {
        let server = try LocalServer { [hub] asked in
            guard asked.path.contains("/resolve/") else { return hub.reply(asked) }
            if asked.times == 0 { return Reply(body: hub.content, cut: 4000) }
            return asked.headers["range"] != nil && status == 416 ? .error(416) : Reply(body: hub.content)
        }
        let bench = try Bench()
        let snapshot = try bench.fetcher(server).fetch(.sharedTokenizer)
        #expect(try bench.content(snapshot) == hub.content)
    }

    @Test("starts over where what an earlier one left is damaged")
    func damagedPartial() throws {
        let server = try LocalServer { [hub] in hub.reply($0) }
        let bench = try Bench()
        let name = "sha256-\(hexadecimal(SHA256.hash(data: hub.content)))"
        try FileManager.default.createDirectory(
            at: bench.partial(name).deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(count: 5000).write(to: bench.partial(name))
        let snapshot = try bench.fetcher(server).fetch(.sharedTokenizer)
        #expect(try bench.content(snapshot) == hub.content)
        #expect(server.asked("/resolve/").map { $0.headers["range"] } == ["bytes=5000-", nil])
    }

    enum Lie: CaseIterable { case announcesMore, announcesLess, sendsMore, sendsLess, otherContent, otherPart, page }

    @Test("is refused where it is not what the hub lists", arguments: Lie.allCases)
    func lies(lie: Lie) throws {
        let server = try LocalServer { [hub] asked in
            guard asked.path.contains("/resolve/") else { return hub.reply(asked) }
            let content = hub.content
            return switch lie {
            case .announcesMore: Reply(body: content, announced: content.count + 5)
            case .announcesLess: Reply(body: Array(content.dropLast(5)))
            case .sendsMore: Reply(body: content + [1, 2, 3], isChunked: true)
            case .sendsLess: Reply(body: Array(content.dropLast(5)), isChunked: true)
            case .otherContent: Reply(body: content.reversed())
            case .otherPart:
                Reply(status: 206, headers: [("Content-Range", "bytes 7-9999/10000")], body: content)
            case .page:
                Reply(headers: [("Content-Type", "text/html")], body: Array("<html>log in</html>".utf8))
            }
        }
        let bench = try Bench()
        let error = failure { _ = try bench.fetcher(server).fetch(.sharedTokenizer) }
        switch lie {
        case .announcesMore: #expect(error?.is(.corrupt, saying: "10005 bytes") == true)
        case .announcesLess: #expect(error?.is(.corrupt, saying: "9995 bytes") == true)
        case .sendsMore: #expect(error?.is(.corrupt, saying: "more of tokenizer.json") == true)
        case .sendsLess: #expect(error?.is(.corrupt, saying: "9995 of 10000") == true)
        case .otherContent: #expect(error?.is(.corrupt, saying: "where the server lists sha256") == true)
        case .otherPart: #expect(error?.is(.corrupt, saying: "bytes 7-9999/10000") == true)
        case .page: #expect(error?.is(.answer, saying: "a web page") == true)
        }
        #expect(bench.cache.tokenizer() == nil)
        #expect(bench.cache.snapshots().isEmpty)
        if lie != .sendsLess { #expect(bench.partials.allSatisfy { size(bench.partial($0)) == 0 }) }
    }

    private func size(_ url: URL) -> Int? { try? Data(contentsOf: url).count }

    @Test("of one content by two at once happens once")
    func together() throws {
        let isWaitedFor = DispatchSemaphore(value: 0)
        let server = try LocalServer { [hub] asked in
            if asked.path.contains("/resolve/") { isWaitedFor.wait() }
            return hub.reply(asked)
        }
        let bench = try Bench()
        let found = Mutex<[URL]>([])
        let ended = DispatchGroup()
        for _ in 0..<2 {
            ended.enter()
            Thread {
                let snapshot = try? bench.fetcher(server) { event in
                    if case .note(let text) = event, text.contains("another process") { isWaitedFor.signal() }
                }.fetch(.sharedTokenizer)
                if let snapshot { found.withLock { $0.append(snapshot.location) } }
                ended.leave()
            }.start()
        }
        ended.wait()
        #expect(found.withLock { $0 } == [bench.cache.tokenizer(), bench.cache.tokenizer()])
        #expect(server.asked("/resolve/").count == 1)
    }

    @Test("that is interrupted keeps what came, and the next one uses it")
    func interrupted() throws {
        let server = try LocalServer { [hub] asked in
            var reply = hub.reply(asked)
            if asked.path.contains("/resolve/"), asked.times == 0 { reply.cut = 5000 }
            return reply
        }
        let bench = try Bench()
        let interruption = Interruption()
        let error = failure {
            _ = try bench.fetcher(server, interruption: interruption) { event in
                if case .received = event { interruption.request() }
            }.fetch(.sharedTokenizer)
        }
        #expect(error?.kind == .interrupted)
        _ = try bench.fetcher(server).fetch(.sharedTokenizer)
        #expect(server.asked("/resolve/").last?.headers["range"] == "bytes=5000-")
    }

    @Test("says that the disk is full")
    func fullDisk() throws {
        let server = try LocalServer { [hub] in hub.reply($0) }
        let bench = try Bench()
        let partial = bench.partial("sha256-\(hexadecimal(SHA256.hash(data: hub.content)))")
        try FileManager.default.createDirectory(
            at: partial.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            at: partial, withDestinationURL: URL(fileURLWithPath: "/dev/full"))
        let error = failure { _ = try bench.fetcher(server).fetch(.sharedTokenizer) }
        #expect(error?.is(.disk, saying: "No space left on device; make room") == true)
    }

    @Test("says that its folder cannot be written")
    func unwritable() throws {
        let server = try LocalServer { [hub] in hub.reply($0) }
        let bench = try Bench()
        try FileManager.default.createDirectory(at: bench.cache.root, withIntermediateDirectories: true)
        let file = bench.cache.root.appendingPathComponent("file")
        try Data("x".utf8).write(to: file)
        let error = failure { _ = try bench.fetcher(server, cache: Cache(root: file)).fetch(.sharedTokenizer) }
        #expect(error?.is(.disk, saying: "choose a folder that you may write with MOLT_CACHE or --cache") == true)
    }
}
