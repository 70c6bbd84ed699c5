import Foundation
import Hashing

/// The secret that a viewer shows.
public struct AccessToken: Sendable {
    /// Characters that a token has at least.
    public static let minimumLength = 32

    private let digest: [UInt8]

    /// - Throws: ``DashboardError`` for a token that could be guessed.
    public init(_ text: String) throws {
        try self.init(text, path: "token")
    }

    /// Reads the first line of a file that only its owner may read.
    public init(contentsOf path: String) throws {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            throw DashboardError.tokenFile(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            throw DashboardError.tokenFile(path: path, reason: "not a regular file")
        }
        guard facts.st_mode & 0o077 == 0 else {
            let mode = String(facts.st_mode & 0o777, radix: 8)
            throw DashboardError.tokenFile(
                path: path, reason: "others may read this secret (mode \(mode)): chmod 600 \(path)")
        }
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = read(file, &bytes, bytes.count)
        guard count >= 0, let text = String(validating: bytes[..<count], as: UTF8.self) else {
            throw DashboardError.tokenFile(path: path, reason: "cannot be read as text")
        }
        try self.init(text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "", path: path)
    }

    private init(_ text: String, path: String) throws {
        let isPlain = text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ";") }
        guard text.utf8.count >= Self.minimumLength, isPlain else {
            throw DashboardError.tokenFile(
                path: path,
                reason: "a token is at least \(Self.minimumLength) characters of ASCII without blanks and semicolons; "
                    + "make one with: openssl rand -hex 32")
        }
        digest = Array(sha256(Data(text.utf8)).utf8)
    }

    /// Whether a text is the token, in a time that says nothing of where they differ.
    public func matches(_ text: some StringProtocol) -> Bool {
        let other = Array(sha256(Data(text.utf8)).utf8)
        var difference = UInt8(truncatingIfNeeded: other.count ^ digest.count)
        for (left, right) in zip(digest, other) { difference |= left ^ right }
        return difference == 0
    }
}
