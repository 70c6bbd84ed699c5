import Cluster
import Dashboard
import Foundation
import Store
import Testing

@Suite("Live updates")
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
