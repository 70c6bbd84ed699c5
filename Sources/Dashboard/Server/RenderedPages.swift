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

/// The pages that many viewers look at together, written once for all of them.
final class RenderedPages: Sendable {
    private static let limit = 32

    private let kept = Mutex<[(path: String, version: String, page: Rendered)]>([])

    /// The page at a path; `write` makes it where it is not there in that version.
    func page(_ path: String, version: String, _ write: () -> Page) -> Rendered {
        if let known = kept.withLock({ $0.first { $0.path == path && $0.version == version }?.page }) { return known }
        let page = Rendered(Array(write().markup.utf8))
        kept.withLock { kept in
            kept = [(path, version, page)] + kept.filter { $0.path != path }.prefix(Self.limit - 1)
        }
        return page
    }
}
