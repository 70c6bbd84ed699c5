import Crypto
import Foundation

/// Bytes in lowercase hexadecimal, two digits each.
public func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

/// The SHA-256 of bytes, in lowercase hexadecimal.
public func sha256(_ bytes: some DataProtocol) -> String { hexadecimal(SHA256.hash(data: bytes)) }

/// The SHA-256 of a text's UTF-8, in lowercase hexadecimal.
public func sha256(_ text: String) -> String { sha256(Array(text.utf8)) }

/// The SHA-256 of files' contents one after another, in lowercase hexadecimal.
///
/// - Throws: Foundation's `CocoaError` for a file that cannot be read.
public func sha256(contentsOf files: [URL]) throws -> String {
    var hash = SHA256()
    for file in files { hash.update(data: try Data(contentsOf: file, options: .alwaysMapped)) }
    return hexadecimal(hash.finalize())
}
