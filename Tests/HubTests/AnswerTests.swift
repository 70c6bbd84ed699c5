import Foundation
import Hub
import TestSupport
import Testing

@Suite("An answer that is no success")
struct AnswerTests {
    let hub = FakeRepository.tokenizer
    let model = Repository("someone/thing").map { Subject.model($0) } ?? .sharedTokenizer

    struct Case: Sendable, CustomTestStringConvertible {
        var status: Int
        var code: String?
        var hasToken = false
        var kind: HubError.Kind
        var words: String
        var testDescription: String { "\(status) \(code ?? "") \(hasToken ? "with a token" : "")" }
    }

    @Test(
        "says what to do",
        arguments: [
            Case(status: 401, kind: .refused, words: "check the name, or set HF_TOKEN"),
            Case(status: 401, code: "RepoNotFound", kind: .notFound, words: "does not exist or is private"),
            Case(status: 401, hasToken: true, kind: .refused, words: "the token in HF_TOKEN is not accepted"),
            Case(
                status: 401, code: "GatedRepo", kind: .refused,
                words: "/someone/thing, and give your token with HF_TOKEN"),
            Case(status: 403, code: "GatedRepo", hasToken: true, kind: .refused, words: "someone/thing is gated"),
            Case(status: 403, hasToken: true, kind: .refused, words: "has no right to someone/thing"),
            Case(status: 404, code: "RepoNotFound", kind: .notFound, words: "there is no someone/thing"),
            Case(status: 404, code: "RevisionNotFound", kind: .notFound, words: "has no revision 'main'"),
            Case(status: 400, kind: .answer, words: "answered 400 (so it is)"),
            Case(status: 501, kind: .answer, words: "answered 501"),
            Case(status: 503, kind: .unreachable, words: "gave up after 6 attempts"),
        ])
    func listing(item: Case) throws {
        let server = try LocalServer { _ in .error(item.status, item.code) }
        let bench = try Bench(token: item.hasToken ? "hf_secret" : nil)
        let error = failure { _ = try bench.fetcher(server).fetch(model) }
        #expect(error?.kind == item.kind)
        #expect(error?.description.contains(item.words) == true, "\(error?.description ?? "no error")")
    }

    @Test("names the file that is missing")
    func file() throws {
        let server = try LocalServer { [hub] asked in
            asked.path.contains("/resolve/") ? .error(404, "EntryNotFound") : hub.reply(asked)
        }
        let error = failure { _ = try Bench().fetcher(server).fetch(.sharedTokenizer) }
        #expect(error?.is(.notFound, saying: "tokenizer.json of EleutherAI/gpt-neox-20b is not there") == true)
    }

    @Test("is asked again later, as the server wishes")
    func again() throws {
        let server = try LocalServer { [hub] asked in
            switch (asked.path.contains("/resolve/"), asked.times) {
            case (false, 0): .error(429, nil, [("Retry-After", "17")])
            case (false, 1): .error(429, nil, [("RateLimit", #""api";r=0;t=5"#)])
            case (true, 0...1): .error(500)
            default: hub.reply(asked)
            }
        }
        let bench = try Bench()
        _ = try bench.fetcher(server).fetch(.sharedTokenizer)
        #expect(bench.waited == .seconds(17 + 5 + 1 + 2))
        #expect(bench.notes.contains { $0.contains("answered 429") && $0.hasSuffix("trying again in 17 s") })
    }

    @Test("is final where the server asks for an hour")
    func tooLong() throws {
        let server = try LocalServer { _ in .error(429, nil, [("Retry-After", "3600")]) }
        let bench = try Bench()
        let error = failure { _ = try bench.fetcher(server).fetch(.sharedTokenizer) }
        #expect(error?.is(.unreachable, saying: "come back in 3600 seconds") == true)
        #expect(error?.description.contains("HF_TOKEN raises the limit") == true)
        #expect(bench.waited == .zero)
    }

    @Test("of a server that is not there says so")
    func nobody() throws {
        let error = failure { _ = try Bench().fetcher(nil).fetch(.sharedTokenizer) }
        #expect(error?.is(.unreachable, saying: "127.0.0.1 cannot be reached") == true)
    }

    @Test(
        "is no listing",
        arguments: [
            ("<html></html>", "text/html", "not with JSON"),
            ("{", "application/json", "is not the JSON"),
            (#"{"sha":"main","siblings":[]}"#, "application/json", "names no commit"),
            (#"{"sha":"\#(FakeRepository().commit)","siblings":[]}"#, "application/json", "has no tokenizer.json"),
            (
                #"{"sha":"\#(FakeRepository().commit)","siblings":[{"rfilename":"tokenizer.json"}]}"#,
                "application/json",
                "with a size and a hash"
            ),
            (FakeRepository.tokenizer.listing { _ in 1 << 60 }, "application/json", "an impossible size"),
            (FakeRepository.tokenizer.listing { _ in -1 }, "application/json", "an impossible size"),
        ])
    func listings(text: String, type: String, words: String) throws {
        let server = try LocalServer { _ in Reply(headers: [("Content-Type", type)], body: Array(text.utf8)) }
        let error = failure { _ = try Bench().fetcher(server).fetch(.sharedTokenizer) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "no error")")
    }

    @Test("longer than any listing is not read to its end")
    func endless() throws {
        let server = try LocalServer { _ in
            Reply(headers: [("Content-Type", "application/json")], body: [0x20], announced: 1 << 40)
        }
        let error = failure { _ = try Bench().fetcher(server).fetch(.sharedTokenizer) }
        #expect(error?.is(.answer, saying: "longer than") == true)
    }
}

@Suite("A token")
struct TokenTests {
    let hub = FakeRepository.tokenizer

    @Test("goes to the hub, and not to where it redirects")
    func redirect() throws {
        let store = try LocalServer { [hub] asked in
            asked.path.hasPrefix("/elsewhere") ? .file(hub.content, asked) : .error(404)
        }
        let server = try LocalServer { [hub, address = store.address] asked in
            if asked.path.hasPrefix("/moved") { return .json(hub.listing()) }
            // A renamed repository stays on the hub; a large file does not.
            return asked.path.hasPrefix("/api/")
                ? Reply(status: 307, headers: [("Location", "/moved")])
                : Reply(status: 302, headers: [("Location", "\(address)/elsewhere?signature=s3cret")])
        }
        let bench = try Bench(token: "hf_secret")
        let snapshot = try bench.fetcher(server).fetch(.sharedTokenizer)
        #expect(try bench.content(snapshot) == hub.content)
        #expect(server.asked.map { $0.headers["authorization"] }.allSatisfy { $0 == "Bearer hf_secret" })
        #expect(server.asked.count == 3)
        #expect(store.asked.map { $0.headers["authorization"] } == [nil])
    }

    @Test("does not show in an error, even where the server repeats it")
    func echo() throws {
        let server = try LocalServer { asked in
            .error(400, nil, [("X-Error-Message", "bad: \(asked.headers["authorization"] ?? "")")])
        }
        let error = failure { _ = try Bench(token: "hf_secret").fetcher(server).fetch(.sharedTokenizer) }
        #expect(error?.description.contains("bad: Bearer [token]") == true)
    }

    @Test("does not show in a printed setting")
    func printed() throws {
        let settings = try HubSettings(environment: ["HF_TOKEN": "hf_secret"])
        var text = ""
        dump(settings, to: &text)
        #expect(!"\(settings)\(text)".contains("hf_secret"))
    }

    @Test(
        "is not sent in the clear, nor to an address that makes no sense",
        arguments: [
            ("http://hub.example", "is not encrypted"), ("http://127.0.0.1.example", "is not encrypted"),
            ("ftp://hub.example", "is not an address"), ("hub.example", "is not an address"),
            ("https://me:pw@hub.example", "holds a user name"), ("https://hub.example?x=1", "holds a query"),
        ])
    func endpoints(address: String, words: String) {
        for variable in ["HF_ENDPOINT", "MOLT_DATASETS_ENDPOINT"] {
            let error = failure { _ = try HubSettings(environment: ["HF_TOKEN": "hf_secret", variable: address]) }
            #expect(error?.is(.setting, saying: "\(variable) \(words)") == true)
        }
    }

    @Test("that ends a line is refused")
    func injection() {
        let error = failure { _ = try HubSettings(environment: ["HF_TOKEN": "a\r\nHost: b"]) }
        #expect(error?.kind == .setting)
    }

    @Test("is not needed where a server redirects in a circle")
    func circle() throws {
        let server = try LocalServer { _ in Reply(status: 302, headers: [("Location", "/again")]) }
        let error = failure { _ = try Bench().fetcher(server).fetch(.sharedTokenizer) }
        #expect(error?.is(.answer, saying: "redirects more than 10 times") == true)
    }

    @Test("and data do not go to what is no server", arguments: ["file:///etc/passwd", "ftp://x/y"])
    func schemes(target: String) throws {
        let server = try LocalServer { _ in Reply(status: 302, headers: [("Location", target)]) }
        let error = failure { _ = try Bench().fetcher(server).fetch(.sharedTokenizer) }
        #expect(error?.is(.answer, saying: "redirects to an address") == true)
    }
}
