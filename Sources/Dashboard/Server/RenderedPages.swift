import Hashing
import Hummingbird
import Synchronization

/// Bytes of an answer with their entity tag.
struct Rendered: Sendable {
    let bytes: ByteBuffer
    let tag: String

    init(_ bytes: [UInt8]) {
        self.bytes = ByteBuffer(bytes: bytes)
        tag = "\"\(sha256(bytes).prefix(24))\""
    }
}

/// The pages and answers that many look at together, written once for all of them.
final class RenderedPages: Sendable {
    private static let limit = 64

    private let kept = Mutex<[(path: String, version: String, page: Rendered)]>([])

    /// The page at a path; `write` makes it where it is not there in that version.
    func page(_ path: String, version: String, _ write: () -> Page) -> Rendered {
        known(path, version: version) ?? keep(Rendered(Array(write().markup.utf8)), path, version: version)
    }

    /// The answer at a path as JSON; `value` is what it tells where it is not there in that version.
    func answer(_ path: String, version: String, _ value: () async throws -> some Encodable) async throws -> Rendered {
        if let known = known(path, version: version) { return known }
        return keep(Rendered(try Answer.encode(try await value())), path, version: version)
    }

    private func known(_ path: String, version: String) -> Rendered? {
        kept.withLock { $0.first { $0.path == path && $0.version == version }?.page }
    }

    private func keep(_ page: Rendered, _ path: String, version: String) -> Rendered {
        kept.withLock { kept in
            kept = [(path, version, page)] + kept.filter { $0.path != path }.prefix(Self.limit - 1)
        }
        return page
    }
}
