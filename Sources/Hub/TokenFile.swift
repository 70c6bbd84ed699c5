import Foundation

/// A token in a file that only its owner may read.
public enum TokenFile {
    private static let limit = 1024

    /// The file's first line.
    ///
    /// - Throws: ``HubError`` for a file that others may read, or that holds no token.
    public static func read(_ path: String) throws(HubError) -> String {
        func refusal(_ reason: String) -> HubError { HubError(.setting, "\(path): \(reason)") }
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw refusal(String(cString: strerror(errno))) }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { throw refusal("not a regular file") }
        guard facts.st_mode & 0o077 == 0 else {
            let mode = String(facts.st_mode & 0o777, radix: 8)
            throw refusal("others may read this secret (mode \(mode)): chmod 600 \(path)")
        }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count >= 0, let text = String(validating: bytes[..<count], as: UTF8.self),
            let line = text.split(whereSeparator: \.isNewline).first
        else { throw refusal("holds no token; it is the file of the coordinator's --http-token-file") }
        return String(line)
    }
}
