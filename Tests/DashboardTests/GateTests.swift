import Dashboard
import Foundation
import TestSupport
import Testing

@Suite("Who and what comes through the dashboard's gate", .serialized)
struct GateTests {
    private static let secret = "0123456789abcdef0123456789abcdef"

    @Test("without a token only the loopback is served")
    func loopback() async throws {
        let folder = try TemporaryFolder()
        let options = DashboardOptions(
            address: ListenAddress(host: "0.0.0.0", port: 0), store: folder.path(), log: .init(label: "test"))
        await #expect(throws: DashboardError.noToken(ListenAddress(host: "0.0.0.0", port: 0))) {
            try await DashboardServer.start(options, source: FakeCoordinator(nil))
        }
    }

    @Test("a taken port is an error that names the address and the way out")
    func takenPort() async throws {
        try await Stage.with { stage async throws in
            let options = DashboardOptions(
                address: stage.server.address, store: stage.folder.path(), log: .init(label: "test"))
            let error = await #expect(throws: DashboardError.self) {
                try await DashboardServer.start(options, source: FakeCoordinator(nil))
            }
            let text = "\(try #require(error))"
            #expect(text.contains("\(stage.server.address)") && text.contains("--http"))
        }
    }

    @Test(
        "names that a foreign page's address may have been made to mean are refused on the loopback",
        arguments: ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil.example:80", "[::2]"])
    func rebinding(host: String) async throws {
        try await Stage.with { stage async throws in
            #expect(try await stage.browser.get("/api/v1/runs", ["Host": host]).status == 421)
        }
    }

    @Test("a token is asked for, by header or cookie, and a browser is led to where it is entered")
    func token() async throws {
        try await Stage.with(token: try AccessToken(Self.secret)) { stage async throws in
            let browser = stage.browser
            #expect(try await browser.get("/api/v1/runs").status == 401)
            #expect(try await browser.get("/metrics").status == 401)
            #expect(try await browser.get("/").headers["location"] == "/login")
            #expect(try await browser.get("/healthz").status == 200)
            #expect(try await browser.get("/api/v1/runs", ["Authorization": "Bearer \(Self.secret)"]).status == 200)
            #expect(try await browser.get("/api/v1/runs", ["Authorization": "Bearer \(Self.secret)x"]).status == 401)
            #expect(try await browser.get("/api/v1/runs", ["Authorization": "Bearer "]).status == 401)
            #expect(try await browser.get("/login", method: "POST", body: "token=wrong").status == 401)
            let login = try await browser.get("/login", method: "POST", body: "token=\(Self.secret)")
            let cookie = try #require(login.headers["set-cookie"])
            #expect(login.status == 303 && cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
            let shown = String(cookie.prefix { $0 != ";" })
            #expect(try await browser.get("/", ["Cookie": "a=b; \(shown)"]).status == 200)
        }
    }

    @Test("a token file that others may read, or whose token could be guessed, is refused")
    func tokenFile() throws {
        let folder = try TemporaryFolder()
        _ = try AccessToken(contentsOf: folder.write(Self.secret + "\n", to: "good"))
        #expect(throws: DashboardError.self) {
            try AccessToken(contentsOf: folder.write(Self.secret, to: "open", mode: 0o644))
        }
        #expect(throws: DashboardError.self) { try AccessToken(contentsOf: folder.write("short", to: "short")) }
        #expect(throws: DashboardError.self) { try AccessToken(contentsOf: folder.path("missing")) }
    }

    @Test(
        "hostile paths and queries are refused and read nothing",
        arguments: [
            ("/../../etc/passwd", 404), ("/assets/../../../etc/passwd", 404),
            ("/assets/%2e%2e%2f%2e%2e%2fetc%2fpasswd", 404),
            ("/runs/..%2f..%2fetc%2fpasswd", 404), ("/runs/sample'%20OR%20'1'='1", 404),
            ("/api/v1/runs/sample/cells/0;DROP%20TABLE%20scores/examples", 404),
            ("/api/v1/runs/sample/cells/-1/examples", 404),
            ("/api/v1/runs/sample/cells/99999999999999999999/examples", 404),
            ("/api/v1/runs/sample/cells/0/examples?filter=1%20OR%201=1", 400),
            ("/api/v1/runs/sample/cells/0/examples?limit=1000000", 400),
            ("/api/v1/runs/sample/cells/0/examples?after=0%20UNION%20SELECT%201", 400),
            ("/api/v1/runs/sample/cells/0/examples?filter=lost", 422),
            ("/api/v1/runs/sample/cells/0/examples?against=7", 404), ("/api/v1/runs?limit=", 400),
            ("/api/v1/runs?limit=%2B5", 400), ("/api/v1/runs?limit=5&limit=5", 400), ("/api/v1/runs?state=", 400),
            ("/api/v1/runs/sample/cells/%2B0/examples", 404), ("/api/v1/compare", 400),
            ("/api/v1/compare?baseline=sample", 422), ("/api/v1/runs/sample/cells/0/examples?q=%00", 200),
            ("/runs/sample/cells/0/examples?filter=&against=&q=", 200),
            ("/api/v1/runs/sample/cells/0/examples?q=%ff%fe", 400), ("/api/v1/runs/%ff", 400),
            ("/api/v1/runs?before=nobody", 404), ("/api/v1/compare?baseline=nobody&candidate=sample", 404),
            ("/api/v1/runs/sample/cells/0/examples?q=\(String(repeating: "a", count: 300))", 400),
            ("/api/v1/runs/sample/cells/0/examples?q=\(String(repeating: "%F0%9F%A6%A5", count: 200))", 200),
            ("/api/v1/runs/sample/cells/0/examples?q=\(String(repeating: "%F0%9F%A6%A5", count: 201))", 400),
            ("/?\(String(repeating: "a", count: 12_400))", 414),
            ("/api/v1/runs?limit=\(String(repeating: "0", count: 12_400))", 414),
        ])
    func hostileTargets(target: String, status: Int) async throws {
        try await Stage.with { stage async throws in
            let answer = try await stage.browser.get(target)
            #expect(answer.status == status)
            #expect(!answer.text.contains("root:"))
        }
    }

    @Test("SQL in a search is text")
    func sqlText() async throws {
        try await Stage.with(document: "it's 100%") { stage async throws in
            let path = "/api/v1/runs/sample/cells/0/examples?q="
            for (text, count) in [("it's", 10), ("100%25", 10), ("%25", 10), ("_", 0), ("'%20OR%201=1%20--", 0)] {
                let found = try await stage.browser.get(path + text).object()["examples"] as? [Any]
                #expect(found?.count == count, "\(text)")
            }
        }
    }

    @Test("nothing can be changed", arguments: ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
    func methods(method: String) async throws {
        try await Stage.with { stage async throws in
            let answer = try await stage.browser.get("/api/v1/runs", method: method, body: "x=y")
            #expect(answer.status == 405 && answer.headers["allow"] == "GET, HEAD")
        }
    }

    @Test("headers beyond the limit are refused, and the server goes on")
    func largeHeaders() async throws {
        try await Stage.with { stage async throws in
            let large = String(repeating: "x", count: 100_000)
            let answer = try? await stage.browser.get("/", ["X-Large": large])
            #expect(answer.map { $0.status >= 400 } ?? true)
            #expect(try await stage.browser.get("/healthz").status == 200)
        }
    }

    @Test("a form that is too large is refused")
    func largeForm() async throws {
        try await Stage.with(token: try AccessToken(Self.secret)) { stage async throws in
            let body = "token=" + String(repeating: "x", count: 100_000)
            let answer = try? await stage.browser.get("/login", method: "POST", body: body)
            #expect(answer.map { $0.status == 413 } ?? true)
            #expect(try await stage.browser.get("/healthz").status == 200)
        }
    }

    @Test("peers that send their requests byte by byte are cut off, and meanwhile others are answered")
    func slowLoris() async throws {
        var limits = DashboardOptions.Limits()
        limits.requestSeconds = 2
        try await Stage.with(limits: limits) { stage async throws in
            let port = stage.server.address.port
            let head = "GET / HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nX-Slow: "
            let most = 20_000
            async let sent = stage.browser.exchange { connection in
                try connection.send(head)
                return connection.trickle(repeatElement(UInt8(ascii: "x"), count: most))
            }
            let held = try await stage.browser.exchange { _ in
                try (0..<200).map { _ in
                    let connection = try WebConnection(port: port)
                    try connection.send(head)
                    return connection
                }.count
            }
            #expect(held == 200)
            #expect(try await stage.browser.get("/healthz").status == 200)
            // A byte in 50 ms: all of them would take a quarter of an hour.
            #expect(try await sent < most)
            #expect(try await stage.browser.get("/").status == 200)
        }
    }

    @Test("an address without an end is cut off, and the server goes on", arguments: ["/", "/?q=", "/api/v1/runs?q="])
    func endlessTarget(beginning: String) async throws {
        try await Stage.with { stage async throws in
            let target = beginning + String(repeating: "a", count: 4 << 20)
            let answer = try? await stage.browser.get(target)
            #expect(answer.map { (400..<500).contains($0.status) } ?? true)
            #expect(try await stage.browser.get("/healthz").status == 200)
        }
    }

    @Test(
        "a peer that does not finish its request is cut off",
        arguments: [
            "", "GET / HTTP/1.1\r\nHost: 127",
            "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\ntok",
        ])
    func slowRequest(beginning: String) async throws {
        var limits = DashboardOptions.Limits()
        limits.requestSeconds = 1
        try await Stage.with(limits: limits) { stage async throws in
            // Ends when the server closes; the test's time limit is the failure.
            _ = try await stage.browser.exchange { connection in
                try connection.send(beginning)
                return connection.receive()
            }
            #expect(try await stage.browser.get("/healthz").status == 200)
        }
    }
}
