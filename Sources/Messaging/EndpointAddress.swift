/// Where a socket listens or connects: `tcp://host:port` or `ipc://path`.
///
/// Hosts are names, IPv4 addresses, IPv6 addresses in brackets and, for listening, interfaces or `*`. Listening on
/// port `*` takes any free one.
public struct EndpointAddress: Sendable, Hashable, CustomStringConvertible {
    /// What the endpoint is for: some forms make sense on one side only.
    public enum Purpose: Sendable {
        case listening, connecting
    }

    /// The endpoint as libzmq reads it.
    public let description: String
    /// Whether the host is a literal IPv6 address.
    public let isIPv6: Bool

    /// Reads an endpoint; the error says what is wrong with it.
    public init(_ text: String, for purpose: Purpose) throws(MessagingError) {
        if text.hasPrefix("ipc://") {
            let path = text.dropFirst("ipc://".count)
            guard !path.isEmpty else { throw .badEndpoint(text, reason: "the path is missing, as in ipc:///run/molt") }
            guard path.utf8.count <= 107 else {
                throw .badEndpoint(text, reason: "a socket's path has at most 107 bytes, this one \(path.utf8.count)")
            }
            description = text
            isIPv6 = false
        } else if text.hasPrefix("tcp://") {
            (description, isIPv6) = try Self.tcp(text, for: purpose)
        } else {
            throw .badEndpoint(text, reason: "write tcp://host:port or ipc://path")
        }
    }

    private static func tcp(_ text: String, for purpose: Purpose) throws(MessagingError) -> (String, isIPv6: Bool) {
        let address = text.dropFirst("tcp://".count)
        guard let colon = address.lastIndex(of: ":"), !address[colon...].contains("]") else {
            throw .badEndpoint(text, reason: "the port is missing, as in tcp://host:5555")
        }
        var host = String(address[..<colon])
        let port = address[address.index(after: colon)...]
        guard !host.isEmpty else { throw .badEndpoint(text, reason: "the host is missing, as in tcp://host:5555") }
        guard host.utf8.allSatisfy({ $0 > 32 && $0 != UInt8(ascii: "/") }) else {
            throw .badEndpoint(text, reason: "'\(host)' is not a host")
        }
        let isIPv6 = host.hasPrefix("[") && host.hasSuffix("]")
        guard isIPv6 || !host.contains(":") else {
            throw .badEndpoint(text, reason: "write an IPv6 address in brackets, as in tcp://[::1]:5555")
        }
        switch purpose {
        case .listening:
            guard port == "*" || UInt16(port) != nil else {
                throw .badEndpoint(text, reason: "'\(port)' is not a port: write 1 to 65535, or * for any free one")
            }
            if host == "localhost" { host = "127.0.0.1" }
        case .connecting:
            guard let number = UInt16(port), number > 0 else {
                throw .badEndpoint(text, reason: "'\(port)' is not a port: write 1 to 65535")
            }
            guard host != "*" else { throw .badEndpoint(text, reason: "* listens; name the host to connect to") }
        }
        return ("tcp://\(host):\(port)", isIPv6)
    }
}
