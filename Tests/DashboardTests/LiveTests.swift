import Cluster
import Dashboard
import Foundation
import Store
import Testing
import Wire

@Suite("Live updates", .serialized)
struct LiveTests {
    private static func listening(_ stage: Stage, _ fields: String = "") -> String {
        "GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:\(stage.server.address.port)\r\n\(fields)\r\n"
    }

    private static func contains(_ text: String) -> @Sendable ([UInt8]) -> Bool {
        { String(decoding: $0, as: UTF8.self).contains(text) }
    }

    @Test("a viewer hears which coordinator this is, how runs stand, and what happens from then on")
    func stream() async throws {
        try await Stage.with { stage async throws in
            let request = Self.listening(stage)
            let (joined, join) = AsyncStream.makeStream(of: Void.self)
            async let heard = stage.browser.exchange { connection in
                try connection.send(request)
                let greeting = connection.receive(until: Self.contains("event: status"))
                join.yield()
                return String(
                    decoding: greeting + connection.receive(until: Self.contains("run cancelled")), as: UTF8.self)
            }
            for await _ in joined { break }
            try stage.store.commit(
                [.run("sample", .cancelled)], events: [JournalEntry(.runCancelled, run: "sample", "by a test")])
            let text = try await heard
            #expect(text.contains("event: hello") && text.contains("\"incarnation\":\"7\""))
            #expect(text.contains("\"run\":\"sample\""))
            #expect(text.contains("event: journal"))
        }
    }

    @Test("a viewer that missed more than is told again is asked to load anew, and told nothing by halves")
    func tooFarBehind() async throws {
        try await Stage.with { stage async throws in
            let first = try stage.store.read { try $0.events().first?.id } ?? 0
            let request = Self.listening(stage)
            let late = Self.listening(stage, "Last-Event-ID: \(first)\r\n")
            let (joined, join) = AsyncStream.makeStream(of: Void.self)
            async let heard = stage.browser.exchange { connection in
                try connection.send(request)
                _ = connection.receive(until: Self.contains("event: status"))
                join.yield()
                return String(decoding: connection.receive(until: Self.contains("the last one")), as: UTF8.self)
            }
            for await _ in joined { break }
            // As many of each kind as the journal keeps at once.
            let kinds: [EventKind] = [.runCancelled, .runResumed, .jobFailed]
            let events = kinds.flatMap { kind in (0..<100).map { JournalEntry(kind, run: "sample", "\($0)") } }
            try stage.store.commit(
                [.run("sample", .cancelled)], events: events + [JournalEntry(.exampleGivenUp, "the last one")])
            // Who listens hears all of them, however many there are at once.
            #expect(try await heard.components(separatedBy: "event: journal").count > 300)
            let bytes = try await stage.browser.exchange { connection in
                try connection.send(late)
                return connection.receive(until: Self.contains("event: reload"))
            }
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.contains("event: reload") && !text.contains("event: journal"))
        }
    }

    @Test("a viewer that does not read is dropped, and the others hear everything")
    func deafViewer() async throws {
        var limits = DashboardOptions.Limits()
        limits.viewerBacklog = 2
        limits.stallSeconds = 5
        try await Stage.with(limits: limits) { stage async throws in
            let port = stage.server.address.port
            let request = Self.listening(stage)
            let deaf = try await stage.browser.exchange { _ in
                let connection = try WebConnection(port: port, receiveBuffer: 4_096)
                try connection.send(request)
                _ = connection.receive(until: Self.contains("event: status"))
                return Holder(connection)
            }
            let (waves, next) = AsyncStream.makeStream(of: Int.self)
            let listener = Task {
                try await stage.browser.exchange { connection in
                    defer { next.finish() }
                    try connection.send(request)
                    _ = connection.receive(until: Self.contains("event: status"))
                    for wave in 0..<100 {
                        next.yield(wave)
                        let isOver = Self.ends("wave \(wave) end")
                        guard isOver(connection.receive(until: isOver)) else { return wave }
                    }
                    return 100
                }
            }
            // A few of them are more than any socket takes in.
            let filler = String(repeating: "x", count: 1 << 20)
            var sent = 0
            var dropped: Int?
            for await wave in waves {
                let metrics = try await stage.browser.get("/metrics").text
                if dropped == nil, metrics.contains("molt_dashboard_viewers_dropped_total 1\n") {
                    #expect(metrics.contains("molt_dashboard_viewers 1\n"))
                    dropped = wave
                }
                // One more after it, which only the other hears.
                if let dropped, wave > dropped || wave == 99 { break }
                let worker = WireStatus.Worker.with { ($0.key, $0.state) = ("k", "\(filler) wave \(wave) end") }
                stage.coordinator.say(LiveStatus(build: "0.1", incarnation: 7, workers: [worker]))
                sent = wave + 1
            }
            let last = try #require(dropped)
            #expect(last > 2 && sent == last + 1)
            // Its connection is closed though it never read, and what came later is not kept for it.
            let owed = try await stage.browser.exchange { _ in
                String(decoding: deaf.connection.receive(), as: UTF8.self)
            }
            #expect(!owed.contains("wave \(last) end"))
            try await stage.server.stop()
            #expect(try await listener.value == sent)
        }
    }

    /// A connection that goes from thread to thread, one at a time.
    private final class Holder: @unchecked Sendable {
        let connection: WebConnection
        init(_ connection: WebConnection) { self.connection = connection }
    }

    /// Cheap on megabytes: looks at what came last.
    private static func ends(_ text: String) -> @Sendable ([UInt8]) -> Bool {
        { bytes in String(decoding: bytes.suffix(500), as: UTF8.self).contains(text) }
    }

    @Test("a viewer that comes back is told what it missed, in order and once; one that missed too much loads anew")
    func resumption() async throws {
        try await Stage.with { stage async throws in
            let first = try stage.store.read { try $0.events().first?.id } ?? 0
            let known = try stage.store.read { try $0.events().map(\.id) }
            let last = try #require(known.last)
            let request = Self.listening(stage, "Last-Event-ID: \(first)\r\n")
            let bytes = try await stage.browser.exchange { connection in
                try connection.send(request)
                return connection.receive(until: Self.contains("id: \(last)\n"))
            }
            // The ends of chunks are CRLF, which is one character in Swift.
            let ids = String(decoding: bytes, as: UTF8.self).replacing("\r\n", with: "\n").split(separator: "\n")
                .filter { $0.hasPrefix("id: ") }.compactMap { Int64($0.dropFirst(4)) }
            #expect(ids == known.filter { $0 > first })
        }
    }

    @Test("the viewer that is one too many is asked to come back later")
    func tooMany() async throws {
        var limits = DashboardOptions.Limits()
        limits.viewers = 1
        try await Stage.with(limits: limits) { stage async throws in
            let request = Self.listening(stage)
            let second = try await stage.browser.exchange { connection in
                try connection.send(request)
                _ = connection.receive(until: Self.contains("event: hello"))
                let other = try WebConnection(port: stage.server.address.port)
                try other.send(request)
                return other.receive(until: Self.contains("\r\n\r\n"))
            }
            let answer = try #require(WebAnswer(second))
            #expect(answer.status == 503 && answer.headers["retry-after"] != nil)
        }
    }

    @Test("a stopped dashboard lets its viewers go")
    func stop() async throws {
        var heard: Task<[UInt8], any Error>?
        try await Stage.with { stage async throws in
            let request = Self.listening(stage)
            let browser = stage.browser
            let (joined, join) = AsyncStream.makeStream(of: Void.self)
            heard = Task {
                try await browser.exchange { connection in
                    try connection.send(request)
                    let greeting = connection.receive(until: Self.contains("event: hello"))
                    join.yield()
                    return greeting + connection.receive()
                }
            }
            for await _ in joined { break }
        }
        let text = String(decoding: try #require(try await heard?.value), as: UTF8.self)
        #expect(text.contains("event: hello"))
    }
}
