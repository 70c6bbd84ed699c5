import Dashboard
import Foundation
import ModelFiles
import TestSupport
import Testing

/// One model of one file.
private struct OneModel: ModelShelf {
    static let hash = String(repeating: "c", count: 64)
    static let fileHash = String(repeating: "d", count: 64)
    static let broken = String(repeating: "e", count: 64)

    let folder: URL
    let name: String
    let size: Int

    func model(sha256: String) async throws -> LocalCheckpoint? {
        if sha256 == Self.broken { throw ModelRefusal("the files are others now") }
        guard sha256 == Self.hash else { return nil }
        let file = CheckpointListing.File(name: name, size: size, sha256: Self.fileHash)
        return LocalCheckpoint(
            listing: CheckpointListing(id: "tiny", sha256: sha256, files: [file]), folder: folder)
    }
}

@Suite("Models that the dashboard gives out", .serialized)
struct SharedModelTests {
    private static let secret = "0123456789abcdef0123456789abcdef"
    private static let content = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
    private static let file = "/models/\(OneModel.hash)/\(OneModel.fileHash)"
    private static let tag = "\"\(OneModel.fileHash)\""

    private func serve(
        sharing: Bool = true, token: AccessToken? = nil, _ body: @escaping (Browser) async throws -> Void
    ) async throws {
        try await Stage.with { stage async throws in
            try stage.folder.write(Self.content, to: "weights")
            var options = DashboardOptions(
                address: ListenAddress(host: "127.0.0.1", port: 0), store: stage.folder.path(), token: token,
                log: .init(label: "test"))
            if sharing {
                options.models = OneModel(folder: stage.folder.url, name: "weights", size: Self.content.count)
            }
            let server = try await DashboardServer.start(options, source: FakeCoordinator(nil))
            do {
                try await body(Browser(port: server.address.port))
            } catch {
                try await server.stop()
                throw error
            }
            try await server.stop()
        }
    }

    @Test("are listed with names, sizes and hashes, and no path of this machine")
    func listing() async throws {
        try await serve { browser async throws in
            let answer = try await browser.get("/models/\(OneModel.hash)")
            let object = try answer.object()
            #expect(object["id"] as? String == "tiny" && object["sha256"] as? String == OneModel.hash)
            let files = try #require(object["files"] as? [[String: Any]])
            #expect(files.count == 1 && Set(files[0].keys) == ["name", "size", "sha256"])
            #expect(files[0]["size"] as? Int == Self.content.count)
            #expect(!answer.text.contains(FileManager.default.temporaryDirectory.path))
        }
    }

    @Test("come whole, and in the parts that are asked for")
    func ranges() async throws {
        try await serve { browser async throws in
            let whole = try await browser.get(Self.file)
            #expect(whole.status == 200 && whole.body == Self.content)
            #expect(whole.headers["etag"] == Self.tag && whole.headers["accept-ranges"] == "bytes")
            for (range, bytes) in [
                ("bytes=0-", 0...599_999), ("bytes=599999-", 599_999...599_999), ("bytes=5-9", 5...9),
                ("bytes=300000-900000", 300_000...599_999),
            ] {
                let part = try await browser.get(Self.file, ["Range": range, "If-Range": Self.tag])
                #expect(part.status == 206 && part.body == Array(Self.content[bytes]), "\(range)")
                #expect(
                    part.headers["content-range"] == "bytes \(bytes.lowerBound)-\(bytes.upperBound)/600000", "\(range)")
            }
        }
    }

    @Test(
        "come whole where a range means nothing, or what it continues was another content",
        arguments: [
            ["Range": "bytes=-5"], ["Range": "bytes=9-5"], ["Range": "bytes=1-2,5-6"], ["Range": "lines=1-2"],
            ["Range": "bytes=5-", "If-Range": "\"other\""],
        ])
    func ignoredRanges(fields: [String: String]) async throws {
        try await serve { browser async throws in
            let answer = try await browser.get(Self.file, fields)
            #expect(answer.status == 200 && answer.body.count == Self.content.count)
        }
    }

    @Test("are not there behind their end")
    func behindTheEnd() async throws {
        try await serve { browser async throws in
            let answer = try await browser.get(Self.file, ["Range": "bytes=600000-"])
            #expect(answer.status == 416 && answer.headers["content-range"] == "bytes */600000")
        }
    }

    @Test(
        "are found by their hashes and by nothing else",
        arguments: [
            "/models", "/models/", "/models/tiny", "/models/\(OneModel.hash)/config.json",
            "/models/\(OneModel.hash)/..%2fweights", "/models/..%2f..%2fetc%2fpasswd/passwd",
            "/models/\(OneModel.hash)/\(OneModel.fileHash)/x", "/models/\(OneModel.fileHash)/\(OneModel.fileHash)",
        ])
    func others(path: String) async throws {
        try await serve { browser async throws in
            let answer = try await browser.get(path)
            #expect(answer.status == 404 && !answer.text.contains("root:"))
        }
    }

    @Test("that are not what their run named are refused with the reason")
    func conflict() async throws {
        try await serve { browser async throws in
            let answer = try await browser.get("/models/\(OneModel.broken)")
            #expect(answer.status == 409)
            #expect(try answer.object()["detail"] as? String == "the files are others now")
        }
    }

    @Test("are given to those who show the token")
    func token() async throws {
        try await serve(token: try AccessToken(Self.secret)) { browser async throws in
            #expect(try await browser.get("/models/\(OneModel.hash)").status == 401)
            #expect(try await browser.get(Self.file).status == 401)
            #expect(try await browser.get(Self.file, ["Authorization": "Bearer \(Self.secret)"]).status == 200)
        }
    }

    @Test("are given to nobody unless the coordinator shares them")
    func notShared() async throws {
        try await serve(sharing: false) { browser async throws in
            #expect(try await browser.get("/models/\(OneModel.hash)").status == 404)
            #expect(try await browser.get(Self.file).status == 404)
        }
    }
}
