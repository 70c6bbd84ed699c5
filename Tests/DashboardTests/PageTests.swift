import Dashboard
import Foundation
import Testing
import Wire

@Suite("The dashboard's pages", .serialized)
struct PageTests {
    private static let pages = [
        "/", "/workers", "/compare", "/events", "/runs/sample", "/runs/sample/cells/0/examples",
        "/runs/sample/cells/1/examples/0",
        "/compare?baseline=sample&baseline_label=none&candidate_label=utrc+flops%3D0.2",
        "/runs/sample/cells/1/examples/0?method=1&choice=1", "/login", "/nowhere",
    ]

    @Test("runs show their progress, and a partial number says that it is partial")
    func progress() async throws {
        try await Stage.with { stage async throws in
            let list = try await stage.browser.get("/")
            #expect(list.status == 200)
            #expect(list.text.contains("href=\"/runs/sample\""))
            // What takes longer than a page's patience is there at a later look.
            _ = try await stage.browser.get("/api/v1/runs/sample/cells")
            let page = try await stage.browser.get("/runs/sample")
            #expect(page.text.contains("15 of 20"))
            #expect(page.text.contains("5 of 10"))
            #expect(page.text.contains("100.0*"))
            #expect(page.text.contains("Difference") && page.text.contains("<svg "))
        }
    }

    @Test("examples are found by how they were answered, by text, and page by page")
    func examples() async throws {
        try await Stage.with { stage async throws in
            func numbers(_ query: String) async throws -> [Int] {
                let answer = try await stage.browser.get("/api/v1/runs/sample/cells/\(query)")
                let examples = try answer.object()["examples"] as? [[String: Any]] ?? []
                return examples.compactMap { $0["example"] as? Int }
            }
            #expect(try await numbers("0/examples") == Array(0..<10))
            #expect(try await numbers("0/examples?filter=wrong") == [0, 3, 6, 9])
            #expect(try await numbers("0/examples?filter=right&limit=2") == [1, 2])
            #expect(try await numbers("0/examples?filter=right&limit=2&after=2") == [4, 5])
            #expect(try await numbers("1/examples?filter=gained&against=0") == [0, 3])
            #expect(try await numbers("1/examples?filter=lost&against=0").isEmpty)
            #expect(try await numbers("0/examples?q=NUMBER+7") == [7])
            #expect(try await numbers("0/examples?filter=near_tie").isEmpty)
        }
    }

    @Test("an example shows every method's answer, and says why its reduction is not shown")
    func example() async throws {
        try await Stage.with { stage async throws in
            let page = try await stage.browser.get("/runs/sample/cells/1/examples/3?method=1").text
            #expect(page.contains("−3.000") && page.contains("utrc flops=0.2"))
            #expect(page.contains("the model &lt;b&gt;is&lt;/b&gt; too large"))
            let later = try await stage.browser.get("/runs/sample/cells/1/examples/8").text
            #expect(later.contains("Not scored yet: utrc flops=0.2."))
        }
    }

    @Test("two methods are compared with their flips, which lead to the documents")
    func comparison() async throws {
        try await Stage.with { stage async throws in
            let path = "/compare?baseline=sample&candidate=sample&baseline_label=none&candidate_label=utrc+flops%3D0.2"
            // What takes longer than a page's patience is there at a later look.
            _ = try await stage.browser.get("/api/v1" + path)
            let page = try await stage.browser.get(path).text
            #expect(page.contains("+40.0"))
            #expect(page.contains("/runs/sample/cells/1/examples?filter=gained&amp;against=0"))
        }
    }

    @Test("no page lets a name become markup", arguments: pages)
    func markup(page: String) async throws {
        let attack = Stage.attack
        let worker = WireStatus.Worker.with {
            ($0.key, $0.name, $0.host, $0.engine, $0.build) = (attack, attack, attack, attack, attack)
            ($0.model, $0.state) = (attack, attack)
            $0.device = .with { ($0.name, $0.kind, $0.architecture) = (attack, attack, attack) }
            $0.work = [.with { ($0.job, $0.run, $0.cell, $0.examples) = (attack, attack, attack, 3) }]
        }
        let status = LiveStatus(
            build: attack, incarnation: 1, workers: [worker],
            runs: [LiveRun(run: "sample", rows: 1, rowsExpected: 2, awaitedEngines: [attack])])
        try await Stage.with(name: attack, model: attack, document: attack, status: status) { stage async throws in
            let answer = try await stage.browser.get(page)
            #expect(!answer.text.contains("<script>") && !answer.text.contains("<img"))
            #expect(!answer.text.contains("\"onload="))
        }
    }

    @Test("a run's own name is text, in pages and in addresses")
    func hostileRun() async throws {
        let name = Stage.attack
        try await Stage.with(run: name) { stage async throws in
            let list = try await stage.browser.get("/")
            let path = try #require(
                list.text.split(separator: "href=\"").first { $0.hasPrefix("/runs/") }?.prefix { $0 != "\"" })
            let page = try await stage.browser.get(String(path))
            #expect(page.status == 200)
            #expect(!page.text.contains("<script>") && !page.text.contains("<img"))
            #expect(page.text.contains("&lt;script&gt;"))
        }
    }

    @Test(
        "every answer forbids framing, foreign code and guessing at types",
        arguments: pages + ["/api/v1/runs", "/metrics"])
    func fields(page: String) async throws {
        try await Stage.with { stage async throws in
            let answer = try await stage.browser.get(page)
            let policy = try #require(answer.headers["content-security-policy"])
            #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
            #expect(!policy.contains("unsafe"))
            #expect(answer.headers["x-content-type-options"] == "nosniff")
            #expect(answer.headers["referrer-policy"] == "no-referrer")
            // What the policy forbids does not occur.
            #expect(!answer.text.contains(" style=\"") && !answer.text.contains("<style"))
        }
    }

    @Test(
        "what has not changed is not sent again",
        arguments: ["/", "/assets/style.css", "/assets/script.js", "/assets/icon.svg", "/api/v1/runs"])
    func tags(path: String) async throws {
        try await Stage.with { stage async throws in
            let first = try await stage.browser.get(path)
            let tag = try #require(first.headers["etag"])
            let second = try await stage.browser.get(path, ["If-None-Match": tag])
            #expect(second.status == 304 && second.body.isEmpty)
            #expect(try await stage.browser.get(path, ["If-None-Match": "\"other\""]).status == 200)
        }
    }
}
