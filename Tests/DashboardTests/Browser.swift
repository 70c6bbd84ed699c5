import Foundation
import Glibc

/// One answer of a server.
struct WebAnswer {
    let status: Int
    /// By lower-case name.
    let headers: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    func json() throws -> Any { try JSONSerialization.jsonObject(with: Data(body), options: .fragmentsAllowed) }

    func object() throws -> [String: Any] { try json() as? [String: Any] ?? [:] }

    /// Splits what a server sent before it closed the connection.
    init?(_ bytes: [UInt8]) {
        let end = Array("\r\n\r\n".utf8)
        guard let split = bytes.indices.first(where: { bytes[$0...].starts(with: end) }) else { return nil }
        let lines = String(decoding: bytes[..<split], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else { return nil }
        self.status = status
        let pairs = lines.dropFirst().compactMap { line -> (String, String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (line[..<colon].lowercased(), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
        }
        headers = Dictionary(pairs, uniquingKeysWith: { first, second in "\(first), \(second)" })
        body = Array(bytes[(split + 4)...])
    }
}

/// A connection that sends exactly what a test writes.
final class WebConnection {
    private let socket: Int32

    /// - Parameter receiveBuffer: bytes that the system takes in before they are read; nil for its own choice.
    init(port: Int, receiveBuffer: Int32? = nil) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer {
            setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Refused(reason: String(cString: strerror(errno))) }
    }

    deinit { close(socket) }

    struct Refused: Error { let reason: String }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Refused(reason: String(cString: strerror(errno))) }
            sent += count
        }
    }

    /// Sends a byte each time that the server says nothing for a moment; returns how many before it closed.
    func trickle(_ bytes: some Sequence<UInt8>) -> Int {
        var moment = timeval(tv_sec: 0, tv_usec: 50_000)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &moment, socklen_t(MemoryLayout<timeval>.size))
        var sent = 0
        var byte: UInt8 = 0
        for next in bytes {
            let count = recv(socket, &byte, 1, 0)
            if count == 0 || count < 0 && errno != EAGAIN { return sent }
            byte = next
            if Glibc.send(socket, &byte, 1, Int32(MSG_NOSIGNAL)) != 1 { return sent }
            sent += 1
        }
        return sent
    }

    /// What comes until `isEnough`, or until the server closes.
    func receive(until isEnough: ([UInt8]) -> Bool = { _ in false }) -> [UInt8] {
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !isEnough(received) {
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            received += buffer[..<count]
        }
        return received
    }
}

/// Asks a server, on a thread of its own, as the server lives on the pool that tests run on.
struct Browser: Sendable {
    let port: Int
    var headers: [String: String] = [:]

    func get(_ target: String, method: String = "GET", body: String = "", _ more: [String: String] = [:]) async throws
        -> WebAnswer
    {
        var fields = ["Host": "127.0.0.1:\(port)", "Connection": "close"]
        if !body.isEmpty { fields["Content-Length"] = "\(body.utf8.count)" }
        fields.merge(headers) { _, new in new }
        fields.merge(more) { _, new in new }
        let lines = fields.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined()
        return try await raw("\(method) \(target) HTTP/1.1\r\n\(lines)\r\n\(body)")
    }

    /// Sends a text as it is.
    func raw(_ text: String) async throws -> WebAnswer {
        let bytes = try await exchange { connection in
            try connection.send(text)
            return connection.receive()
        }
        guard let answer = WebAnswer(bytes) else { throw NoAnswer(bytes: bytes.count) }
        return answer
    }

    struct NoAnswer: Error { let bytes: Int }

    /// Does something with a connection.
    func exchange<Value: Sendable>(_ body: @escaping @Sendable (WebConnection) throws -> Value) async throws -> Value {
        let port = port
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try body(WebConnection(port: port)) })
            }
        }
    }
}
