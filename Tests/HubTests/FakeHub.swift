import Crypto
import Foundation
import Hub
import Synchronization
import TestSupport

/// A repository as the hub would list it.
struct FakeRepository: Sendable {
    var commit = String(repeating: "a1", count: 20)
    /// In the listing's order.
    var files: [(name: String, content: [UInt8])] = []
    /// Names of the files in large file storage.
    var large: Set<String> = []

    static let tokenizer = FakeRepository(files: [("tokenizer.json", sampleBytes(10_000))], large: ["tokenizer.json"])

    var content: [UInt8] { files[0].content }

    func listing(size: (Int) -> Int = { $0 }) -> String {
        let siblings = files.map { name, content in
            let size = size(content.count)
            guard large.contains(name) else {
                let hash = Insecure.SHA1.hash(data: Array("blob \(content.count)\0".utf8) + content)
                return #"{"rfilename":"\#(name)","size":\#(size),"blobId":"\#(hexadecimal(hash))"}"#
            }
            let hash = hexadecimal(SHA256.hash(data: content))
            return """
                {"rfilename":"\(name)","size":\(size),"blobId":"\(String(repeating: "0", count: 40))",\
                "lfs":{"sha256":"\(hash)","size":\(size),"pointerSize":130}}
                """
        }
        return #"{"id":"x","sha":"\#(commit)","siblings":[\#(siblings.joined(separator: ","))]}"#
    }

    /// What an honest hub answers.
    func reply(_ asked: Asked) -> Reply {
        if asked.path.hasPrefix("/api/") { return .json(listing()) }
        guard let file = files.first(where: { asked.path.hasSuffix("/resolve/\(commit)/\($0.name)") }) else {
            return .error(404, "EntryNotFound")
        }
        return .file(file.content, asked, tag: "\"\(file.name)\"")
    }
}

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String { bytes.map { String(format: "%02x", $0) }.joined() }

/// Bytes that differ from place to place.
func sampleBytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) } }

/// A cache in a folder that goes with its owner, and a fetcher that never waits.
final class Bench: Sendable {
    let cache: Cache
    let token: String?
    private let folder: TemporaryFolder
    private let heard = Mutex<[FetchEvent]>([])
    private let slept = Mutex<Duration>(.zero)

    /// What was reported so far.
    var events: [FetchEvent] { heard.withLock { $0 } }
    var notes: [String] {
        events.compactMap { event in
            if case .note(let text) = event { text } else { nil }
        }
    }
    /// How long it would have waited.
    var waited: Duration { slept.withLock { $0 } }

    init(token: String? = nil) throws {
        folder = try TemporaryFolder()
        cache = Cache(root: folder.url.appendingPathComponent("cache"))
        self.token = token
    }

    func fetcher(
        _ server: LocalServer?, offline: Bool = false, cache other: Cache? = nil,
        interruption: Interruption = Interruption(), _ react: @escaping @Sendable (FetchEvent) -> Void = { _ in }
    ) throws -> HubFetcher {
        let address = server?.address ?? "http://127.0.0.1:1"
        var environment = ["HF_ENDPOINT": address, "MOLT_DATASETS_ENDPOINT": address]
        environment["HF_TOKEN"] = token
        environment["HF_HUB_OFFLINE"] = offline ? "1" : nil
        let patience = Patience { [self] duration in
            slept.withLock { $0 += duration }
            sched_yield()
        }
        return HubFetcher(
            cache: other ?? cache, settings: try HubSettings(environment: environment), patience: patience,
            interruption: interruption
        ) { [self] event in
            heard.withLock { $0.append(event) }
            // The server serves as long as there is a fetcher.
            withExtendedLifetime(server) { react(event) }
        }
    }

    /// What is at a snapshot's location.
    func content(_ snapshot: Snapshot) throws -> [UInt8] { try Array(Data(contentsOf: snapshot.location)) }

    /// The names of what downloads have left.
    var partials: [String] {
        let names = try? FileManager.default.contentsOfDirectory(
            atPath: cache.root.appendingPathComponent("partial").path)
        return (names ?? []).filter { !$0.hasSuffix(".etag") }
    }

    func partial(_ name: String) -> URL { cache.root.appendingPathComponent("partial").appendingPathComponent(name) }
}

extension Subject {
    static let sharedTokenizer = Subject.tokenizer(.tokenizer)
}

extension HubError {
    /// Whether it is of a kind and says something.
    func `is`(_ kind: Kind, saying words: String) -> Bool { self.kind == kind && description.contains(words) }
}

/// The error of a fetch that has to fail.
func failure(_ body: () throws -> Void) -> HubError? {
    do {
        try body()
        return nil
    } catch {
        return error as? HubError
    }
}
