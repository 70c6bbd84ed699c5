import Foundation

/// A server's address, as in `https://huggingface.co`, with what follows in every path.
struct Endpoint: Sendable {
    /// Without a slash at its end.
    let text: String
    /// Scheme, host and port: where a token may go.
    let origin: Origin

    init(_ text: String, variable: String) throws(HubError) {
        func refusal(_ reason: String) -> HubError {
            HubError(.setting, "\(variable) \(reason); it is an address like https://huggingface.co")
        }
        guard let components = URLComponents(string: text), let origin = Origin(text) else {
            throw refusal("is not an address of http:// or https://")
        }
        guard components.user == nil, components.password == nil else {
            throw refusal("holds a user name or password, which Molt does not send")
        }
        guard components.query == nil, components.fragment == nil else { throw refusal("holds a query") }
        self.origin = origin
        self.text = text.hasSuffix("/") ? String(text.dropLast()) : text
    }
}

/// Scheme, host and port of an address: two addresses of one origin belong to one server.
struct Origin: Sendable, Equatable {
    let scheme: String
    let host: String
    let port: Int

    /// Nil for anything but an address of HTTP or HTTPS.
    init?(_ address: String) {
        guard let components = URLComponents(string: address), let scheme = components.scheme?.lowercased(),
            scheme == "http" || scheme == "https", let host = components.host?.lowercased(), !host.isEmpty
        else { return nil }
        self.scheme = scheme
        self.host = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        port = components.port ?? (scheme == "https" ? 443 : 80)
    }

    var isEncrypted: Bool { scheme == "https" }

    /// Whether what is sent stays on this machine.
    var isLoopback: Bool {
        var address = in_addr()
        if inet_pton(AF_INET, host, &address) == 1 { return UInt32(bigEndian: address.s_addr) >> 24 == 127 }
        return host == "localhost" || host == "::1"
    }
}

/// A secret that is sent to the server that it is for, and printed nowhere.
struct Token: Sendable, CustomStringConvertible, CustomReflectable {
    private let secret: String

    init(_ secret: String, variable: String) throws(HubError) {
        guard secret.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw HubError(.setting, "\(variable) holds spaces or signs that no token has")
        }
        self.secret = secret
    }

    var header: String { "Authorization: Bearer \(secret)" }
    var description: String { "[token]" }
    var customMirror: Mirror { Mirror(self, children: []) }

    /// A text without the secret, should a server have repeated it.
    func removed(from text: String) -> String { text.replacingOccurrences(of: secret, with: description) }
}
