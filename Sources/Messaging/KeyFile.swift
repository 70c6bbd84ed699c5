import Foundation

/// Keys on disk: a secret file that only its owner reads, and a public file to hand out.
///
/// Both are text. The first line is `molt-secret-key 1` or `molt-public-key 1`; the second `public` and the key in
/// Z85; a secret file's third is `secret` and that key.
public enum KeyFile {
    /// Writes a key's two files, `path` with mode 0600 and `path.pub` with mode 0644; neither may exist yet.
    public static func write(_ keys: CurveKeyPair, to path: String) throws(MessagingError) {
        let secret = "secret \(try Z85.encode(keys.secretKey.bytes))\n"
        try create(path, mode: 0o600, text: "molt-secret-key 1\npublic \(keys.publicKey)\n\(secret)")
        do {
            try create(publicPath(of: path), mode: 0o644, text: "molt-public-key 1\npublic \(keys.publicKey)\n")
        } catch {
            unlink(path)
            throw error
        }
    }

    /// Where the public half of a secret file lies.
    public static func publicPath(of path: String) -> String { path + ".pub" }

    /// Reads a secret file; refuses one that others than its owner may read.
    public static func readSecret(_ path: String) throws(MessagingError) -> CurveKeyPair {
        let lines = try read(path, isSecret: true)
        guard lines.first == "molt-secret-key 1", lines.count == 3 else {
            throw .keyFile(path: path, reason: "not a secret key file of Molt: make one with coord keygen")
        }
        let stated = try key("public", line: 2, of: lines, path)
        let secret = try key("secret", line: 3, of: lines, path)
        do {
            let keys = try CurveKeyPair(secretZ85: secret)
            guard keys.publicKey.z85 == stated else {
                throw MessagingError.badKey(reason: "the public key does not belong to the secret one")
            }
            return keys
        } catch {
            throw .keyFile(path: path, reason: "\(error)")
        }
    }

    /// Reads the public key from a public or a secret file's public half.
    public static func readPublic(_ path: String) throws(MessagingError) -> CurvePublicKey {
        let lines = try read(path, isSecret: false)
        if lines.first == "molt-secret-key 1" {
            throw .keyFile(path: path, reason: "this is the secret file; pass \(publicPath(of: path))")
        }
        guard lines.first == "molt-public-key 1", lines.count == 2 else {
            throw .keyFile(path: path, reason: "not a public key file of Molt: make one with coord keygen")
        }
        do {
            return try CurvePublicKey(z85: try key("public", line: 2, of: lines, path))
        } catch {
            throw .keyFile(path: path, reason: "\(error)")
        }
    }

    private static func key(
        _ name: String, line: Int, of lines: [String], _ path: String
    ) throws(MessagingError) -> String {
        let words = lines[line - 1].split(separator: " ")
        guard words.count == 2, words[0] == name else {
            throw .keyFile(path: path, reason: "line \(line) should be '\(name)' and a key")
        }
        return String(words[1])
    }

    private static func create(_ path: String, mode: mode_t, text: String) throws(MessagingError) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard file >= 0 else {
            let exists = "exists already, and a key is never overwritten: remove it first or choose another name"
            throw .keyFile(path: path, reason: errno == EEXIST ? exists : String(cString: strerror(errno)))
        }
        defer { close(file) }
        let bytes = Array(text.utf8)
        guard fchmod(file, mode) == 0, Glibc.write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else {
            let reason = String(cString: strerror(errno))
            unlink(path)
            throw .keyFile(path: path, reason: "cannot write: \(reason)")
        }
    }

    private static func read(_ path: String, isSecret: Bool) throws(MessagingError) -> [String] {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw .keyFile(path: path, reason: String(cString: strerror(errno))) }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            throw .keyFile(path: path, reason: "not a regular file")
        }
        if isSecret {
            let mode = String(facts.st_mode & 0o777, radix: 8)
            guard facts.st_mode & 0o077 == 0 else {
                throw .keyFile(path: path, reason: "others may read this secret (mode \(mode)): chmod 600 \(path)")
            }
            guard facts.st_uid == geteuid() || geteuid() == 0 else {
                throw .keyFile(path: path, reason: "belongs to user \(facts.st_uid), not to you: chown it")
            }
        }
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count >= 0, count < bytes.count, let text = String(validating: bytes[..<count], as: UTF8.self) else {
            throw .keyFile(path: path, reason: "not a key file of Molt: unreadable, too long or not text")
        }
        return text.split(whereSeparator: \.isNewline).map(String.init)
    }
}
