import Foundation
import Synchronization

/// What a client asked.
public struct Asked: Sendable {
    /// Path and query.
    public let path: String
    /// By name in lower case.
    public let headers: [String: String]
    /// How often the path was asked for before.
    public let times: Int
}

/// What a server sends, true or not.
public struct Reply: Sendable {
    public var status = 200
    public var headers: [(String, String)] = []
    public var body: [UInt8] = []
    /// `Content-Length`; the body's length if nil, none if the body comes in chunks.
    public var announced: Int?
    public var isChunked = false
    /// The connection ends after so many bytes of the body.
    public var cut: Int?

    public init(
        status: Int = 200, headers: [(String, String)] = [], body: [UInt8] = [], announced: Int? = nil,
        isChunked: Bool = false, cut: Int? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.announced = announced
        self.isChunked = isChunked
        self.cut = cut
    }

    public static func json(_ text: String, _ headers: [(String, String)] = []) -> Reply {
        Reply(headers: [("Content-Type", "application/json; charset=utf-8")] + headers, body: Array(text.utf8))
    }

    /// An error as the hub sends it.
    public static func error(_ status: Int, _ code: String? = nil, _ headers: [(String, String)] = []) -> Reply {
        let named = code.map { [("X-Error-Code", $0)] } ?? []
        return Reply(status: status, headers: named + headers, body: Array(#"{"error":"so it is"}"#.utf8))
    }

    /// A file, or the part of it that is asked for.
    public static func file(_ content: [UInt8], _ asked: Asked, tag: String? = nil) -> Reply {
        let tags = tag.map { [("ETag", $0)] } ?? []
        guard let range = asked.headers["range"], let start = Int(range.dropFirst(6).dropLast()),
            asked.headers["if-range"] == nil || asked.headers["if-range"] == tag
        else { return Reply(headers: tags, body: content) }
        guard start < content.count else { return .error(416) }
        let part = ("Content-Range", "bytes \(start)-\(content.count - 1)/\(content.count)")
        return Reply(status: 206, headers: tags + [part], body: Array(content[start...]))
    }
}

/// A server of HTTP on a port of this machine that answers by a script, one connection after the other.
public final class LocalServer: Sendable {
    public let port: Int
    private let listener: Int32
    private let log = Mutex<[Asked]>([])

    public var address: String { "http://127.0.0.1:\(port)" }
    /// All requests so far.
    public var asked: [Asked] { log.withLock { $0 } }

    public func asked(_ part: String) -> [Asked] { asked.filter { $0.path.contains(part) } }

    public init(_ script: @escaping @Sendable (Asked) -> Reply) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                bind(listener, name, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, name, &length) == 0
            }
        }
        guard isListening else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { break }
                if let asked = Self.read(connection) {
                    let times = self?.asked.count { $0.path == asked.path } ?? 0
                    let counted = Asked(path: asked.path, headers: asked.headers, times: times)
                    self?.log.withLock { $0.append(counted) }
                    Self.send(script(counted), connection)
                }
                close(connection)
            }
            close(listener)
        }.start()
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    private static func read(_ connection: Int32) -> Asked? {
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while !text.suffix(4).elementsEqual([13, 10, 13, 10]) {
            let count = recv(connection, &piece, piece.count, 0)
            guard count > 0 else { return nil }
            text += piece[..<count]
        }
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\r\n")
        let words = lines[0].split(separator: " ")
        let headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (parts[0].lowercased(), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
        }
        return Asked(path: String(words[1]), headers: Dictionary(headers) { $1 }, times: 0)
    }

    private static func send(_ reply: Reply, _ connection: Int32) {
        var head = "HTTP/1.1 \(reply.status) X\r\nConnection: close\r\n"
        for (name, value) in reply.headers { head += "\(name): \(value)\r\n" }
        head +=
            reply.isChunked
            ? "Transfer-Encoding: chunked\r\n\r\n" : "Content-Length: \(reply.announced ?? reply.body.count)\r\n\r\n"
        var body = reply.body
        if reply.isChunked {
            body = Array("\(String(body.count, radix: 16))\r\n".utf8) + body + Array("\r\n0\r\n\r\n".utf8)
        }
        let bytes = Array(head.utf8) + body.prefix(reply.cut ?? body.count)
        var position = 0
        while position < bytes.count {
            let count = bytes[position...].withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            position += count
        }
    }
}
