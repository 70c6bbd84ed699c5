import Glibc
import Hashing
import Wire

/// A message from a peer that proved a key that is admitted now.
public struct Inbound: Sendable, Equatable {
    /// Where to answer. Good for this connection only, and chosen by the peer: never an identity.
    public let peer: PeerID
    /// The peer's public key in Z85: its identity.
    public let userKey: String
    /// What the key's holder may do.
    public let role: PeerRole
    /// The peer's IP address, if libzmq knows it.
    public let address: String?
    /// The one part behind the routing id, unparsed.
    public let payload: [UInt8]
}

/// A connection's routing id.
public struct PeerID: Sendable, Hashable, CustomStringConvertible {
    /// As libzmq gave it.
    public let bytes: [UInt8]

    /// The routing id with these bytes.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// In hexadecimal.
    public var description: String { hexadecimal(bytes) }
}

/// The coordinator's socket: ROUTER, CURVE server. Used by one thread.
///
/// ROUTER_HANDOVER stays off: with it, whoever has a valid key could take over another's connection by its routing id.
/// An unfinished multipart message is not bounded by libzmq, nor can a single peer be cut off: when the process' memory
/// grows for that reason, `reopen` drops all connections and what they hold; honest peers come back by themselves.
public final class RouterEndpoint: Pollable {
    /// What was dropped, and how handshakes went.
    public struct Counters: Sendable, Equatable {
        /// Good messages, which `receive` returned.
        public internal(set) var received = 0
        /// Messages of another form than one payload behind the routing id.
        public internal(set) var droppedMultipart = 0
        /// Messages without a User-Id: their peer was never admitted.
        public internal(set) var droppedUnauthenticated = 0
        /// Messages of a key that has been revoked since its handshake.
        public internal(set) var droppedRevoked = 0
        /// Handshakes after which messages can flow.
        public internal(set) var handshakesSucceeded = 0
        /// Handshakes with a key that is not admitted.
        public internal(set) var handshakesRefused = 0
        /// Handshakes that broke: another server key, no CURVE, or not ZeroMQ.
        public internal(set) var handshakesFailed = 0
        /// Connections that ended.
        public internal(set) var disconnections = 0
        /// How often all connections were dropped to free memory.
        public internal(set) var reopenings = 0
    }

    /// Counted since the endpoint was made.
    public private(set) var counters = Counters()
    /// Handshakes and refusals are decided here.
    public let authenticator: Authenticator
    private let keys: CurveKeyPair
    private let options: EndpointOptions
    private var socket: Socket
    private var monitor: ConnectionMonitor
    /// As libzmq resolved them.
    private var endpoints: [String] = []

    /// Makes the socket under the authenticator, which runs already; it listens nowhere yet.
    public init(
        keys: CurveKeyPair, authenticator: Authenticator, options: EndpointOptions = .coordinator
    ) throws(MessagingError) {
        self.keys = keys
        self.options = options
        self.authenticator = authenticator
        (socket, monitor) = try Self.open(keys, authenticator, options)
    }

    private static func open(
        _ keys: CurveKeyPair, _ authenticator: Authenticator, _ options: EndpointOptions
    ) throws(MessagingError) -> (Socket, ConnectionMonitor) {
        let socket = try Socket(.router, in: authenticator.context)
        try options.apply(to: socket)
        try socket.set(.routerMandatory, true)
        try socket.set(.curveServer, true)
        try socket.set(.curveSecretKey, keys.secretKey.bytes)
        try socket.set(.zapDomain, Array(Authenticator.domain.utf8))
        try socket.set(.zapEnforceDomain, true)
        return (socket, try ConnectionMonitor(of: socket))
    }

    /// Listens on one more endpoint; returns it with the port that a wildcard got.
    public func bind(_ endpoint: String) throws(MessagingError) -> String {
        let address = try EndpointAddress(endpoint, for: .listening)
        try socket.set(.ipv6, options.ipv6 || address.isIPv6)
        try socket.bind(address.description)
        let resolved = try socket.lastEndpoint()
        endpoints.append(resolved)
        return resolved
    }

    /// Drops every connection with all that libzmq holds of it, and listens again at once on the same endpoints.
    public func reopen() throws(MessagingError) {
        try socket.set(.linger, 0)
        let bound = endpoints
        endpoints = []
        (socket, monitor) = try Self.open(keys, authenticator, options)
        for endpoint in bound {
            // libzmq closes the old socket in the background.
            let deadline = MonotonicInstant.now + .seconds(5)
            while endpoint.hasPrefix("ipc://"), access(String(endpoint.dropFirst(6)), F_OK) == 0, .now < deadline {
                // Closing removes the file: that must not be the new one.
                _ = try Poll.wait(on: [monitor.pollItem], until: .now + .milliseconds(10))
            }
            while true {
                do {
                    _ = try bind(endpoint)
                    break
                } catch {
                    guard .now < deadline else { throw error }
                    _ = try Poll.wait(on: [monitor.pollItem], until: .now + .milliseconds(10))
                }
            }
        }
        counters.reopenings += 1
    }

    /// Input, and news of handshakes, which `receive` counts.
    public var pollItems: [PollItem] { [PollItem(socket), monitor.pollItem] }

    /// The next good message; nil when nothing waits. Every bad one before it is counted and dropped.
    public func receive() throws(MessagingError) -> Inbound? {
        try countHandshakes()
        while let id = try socket.receive(withSender: false) {
            guard id.hasMore, let payload = try socket.receive() else {
                counters.droppedMultipart += 1
                continue
            }
            if payload.hasMore {
                _ = try socket.discardRest()
                counters.droppedMultipart += 1
            } else if let user = payload.userID, !user.isEmpty {
                guard let entry = authenticator.allowList[user] else {
                    counters.droppedRevoked += 1
                    continue
                }
                counters.received += 1
                return Inbound(
                    peer: PeerID(id.bytes), userKey: user, role: entry.role, address: payload.address,
                    payload: payload.bytes)
            } else {
                counters.droppedUnauthenticated += 1
            }
        }
        return nil
    }

    /// Hands a payload to a peer's connection without waiting.
    public func send(_ payload: [UInt8], to peer: PeerID) throws(MessagingError) -> SendOutcome {
        let outcome = try socket.send(peer.bytes, more: true)
        return outcome == .sent ? try socket.send(payload) : outcome
    }

    private func countHandshakes() throws(MessagingError) {
        while let event = try monitor.next() {
            switch event {
            case .ready: counters.handshakesSucceeded += 1
            case .refused: counters.handshakesRefused += 1
            case .failed: counters.handshakesFailed += 1
            case .disconnected: counters.disconnections += 1
            }
        }
    }
}
