import Foundation
import Logging

/// How a dashboard is served.
public struct DashboardOptions: Sendable {
    /// Where it listens.
    public var address: ListenAddress
    /// The results store, which it only reads.
    public var store: String
    /// What a viewer must show; nil on the loopback only.
    public var token: AccessToken?
    public var limits = Limits()
    /// Models that workers may fetch; nil to give none out.
    public var models: (any ModelShelf)?
    public var log: Logger

    public init(address: ListenAddress, store: String, token: AccessToken? = nil, log: Logger) {
        self.address = address
        self.store = store
        self.token = token
        self.log = log
    }

    /// Bounds on what peers may take.
    public struct Limits: Sendable {
        /// Open connections; more wait in the system's queue.
        public var connections = 4_096
        /// Of those, viewers that are told of every change.
        public var viewers = 4_000
        /// Bytes of a path with its query: four texts of two hundred characters fit, whatever they are written in.
        public var target = 12_288
        /// Bytes of all header fields together.
        public var headers = 16_384
        /// Bytes of a form.
        public var body = 4_096
        /// Seconds from the first byte of a connection, or the end of an answer, to the end of the next request's head;
        /// and from there to the end of its body.
        public var requestSeconds: Int64 = 20
        /// Seconds that a peer may leave an answer unread.
        public var stallSeconds: Int64 = 30
        /// Seconds that answers under way have to end when the server stops.
        public var stopSeconds: Int64 = 3
        /// Messages that wait for a viewer before it is dropped.
        public var viewerBacklog = 64

        public init() {}
    }
}

/// A host and a port.
public struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    public let host: String
    /// 0 takes a free one.
    public let port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`; nil for anything else.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self.init(host: host, port: port)
    }

    /// Whether only this machine reaches it.
    public var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Why a dashboard cannot be served.
public enum DashboardError: Error, Equatable, CustomStringConvertible {
    case noToken(ListenAddress)
    case notListening(ListenAddress, reason: String)
    case tokenFile(path: String, reason: String)

    public var description: String {
        switch self {
        case .noToken(let address):
            """
            --http \(address) is reached from other machines: name a file with a token of at least \
            \(AccessToken.minimumLength) characters with --http-token-file, or listen on 127.0.0.1
            """
        case .notListening(let address, let reason):
            "the dashboard cannot listen on \(address): \(reason); choose another address with --http, or --http off"
        case .tokenFile(let path, let reason): "\(path): \(reason)"
        }
    }
}
