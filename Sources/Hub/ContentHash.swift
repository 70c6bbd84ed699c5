import Crypto
import Foundation
import Hashing

/// The hash by which the hub names a file's content.
enum ContentHash: Sendable, Equatable {
    /// Of a file in large file storage.
    case sha256(String)
    /// Of a file that git itself keeps: SHA-1 of `blob SIZE`, a zero byte and the content.
    case gitBlob(String)

    var text: String {
        switch self {
        case .sha256(let text): "sha256 \(text)"
        case .gitBlob(let text): "git blob \(text)"
        }
    }

    /// A name for downloads under way.
    var key: String {
        switch self {
        case .sha256(let text): "sha256-\(text)"
        case .gitBlob(let text): "git-\(text)"
        }
    }
}

/// Hashes of a content as it comes in.
struct RunningHash {
    private var sha256 = SHA256()
    private var git: Insecure.SHA1?

    /// - Parameter size: the content's length, which the git hash begins with.
    init(for expected: ContentHash, size: Int) {
        if case .gitBlob = expected {
            var git = Insecure.SHA1()
            git.update(data: Array("blob \(size)\0".utf8))
            self.git = git
        }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        sha256.update(bufferPointer: bytes)
        git?.update(bufferPointer: bytes)
    }

    var sha256Text: String { hexadecimal(sha256.finalize()) }

    /// The hash of the expected kind.
    func content(like expected: ContentHash) -> ContentHash {
        if case .gitBlob = expected, let git { return .gitBlob(hexadecimal(git.finalize())) }
        return .sha256(sha256Text)
    }
}
