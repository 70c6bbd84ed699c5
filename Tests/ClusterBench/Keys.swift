import CZeroMQ
import Foundation

/// A worker's CURVE key in Z85. These keys guard nothing, so that their secret halves may lie in a plain file.
struct Keys {
    let publicKey: String
    let secretKey: String

    /// Makes keys, admits them in the folder's `authorized_keys`, and lists both halves in its file `bench-keys`.
    static func make(_ count: Int, in folder: String) throws {
        var admitted = try String(contentsOfFile: "\(folder)/authorized_keys", encoding: .utf8)
        var list = ""
        for index in 0..<count {
            var publicKey = [CChar](repeating: 0, count: 41)
            var secretKey = [CChar](repeating: 0, count: 41)
            guard zmq_curve_keypair(&publicKey, &secretKey) == 0 else { throw BenchError.zeroMQ("no CURVE") }
            admitted += "worker \(text(publicKey)) noop-\(index)\n"
            list += "\(text(publicKey)) \(text(secretKey))\n"
        }
        try admitted.write(toFile: "\(folder)/authorized_keys", atomically: true, encoding: .utf8)
        try list.write(toFile: "\(folder)/bench-keys", atomically: true, encoding: .utf8)
    }

    static func read(from file: String, first: Int, count: Int) throws -> [Keys] {
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        guard lines.count >= first + count else { throw BenchError.usage("\(file) has \(lines.count) keys") }
        return lines[first..<first + count].map { line in
            let words = line.split(separator: " ")
            return Keys(publicKey: String(words[0]), secretKey: String(words.last ?? ""))
        }
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension String {
    fileprivate func write(toFile path: String, atomically: Bool, encoding: Encoding) throws {
        try write(to: URL(fileURLWithPath: path), atomically: atomically, encoding: encoding)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }
}
