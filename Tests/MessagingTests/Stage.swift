import CZeroMQ
import Foundation
import Messaging
import Testing

/// A coordinator's endpoint on the loopback with one admitted key, and what tests wait on.
final class Stage {
    /// Generous, for busy machines; nothing waits this long unless it fails.
    static var deadline: MonotonicInstant { .now + .seconds(60) }

    let serverKeys: CurveKeyPair
    let peerKeys: CurveKeyPair
    let allowList: AllowList
    /// The coordinator's side.
    let context: MessagingContext
    let authenticator: Authenticator
    let router: RouterEndpoint
    let endpoint: String
    /// The peers' side, as if in another process.
    let peers: MessagingContext

    init(
        listeningOn endpoint: String = "tcp://127.0.0.1:*", role: PeerRole = .worker,
        options: EndpointOptions = .coordinator
    ) throws {
        serverKeys = try CurveKeyPair.generate()
        peerKeys = try CurveKeyPair.generate()
        peers = try MessagingContext()
        allowList = AllowList(AuthorizedKeys([.init(role: role, key: peerKeys.publicKey, name: "node-1")]))
        context = try MessagingContext()
        authenticator = try Authenticator(allowList, in: context)
        router = try RouterEndpoint(keys: serverKeys, authenticator: authenticator, options: options)
        self.endpoint = try router.bind(endpoint)
    }

    /// A peer with the admitted key, or another.
    func dealer(keys: CurveKeyPair? = nil, serverKey: CurvePublicKey? = nil) throws -> DealerEndpoint {
        var options = EndpointOptions.peer
        options.reconnect = .milliseconds(20)
        options.reconnectMaximum = .milliseconds(20)
        return try DealerEndpoint(
            connectingTo: endpoint, serverKey: serverKey ?? serverKeys.publicKey, keys: keys ?? peerKeys, in: peers,
            options: options)
    }

    /// The next message at the coordinator.
    func arrival() throws -> Inbound {
        let deadline = Stage.deadline
        while true {
            if let inbound = try router.receive() { return inbound }
            try #require(try Poll.wait(on: [router], until: deadline), "nothing arrived")
        }
    }

    /// The next message at the coordinator; sent again, since what leaves while a connection breaks may be lost.
    func arrival(from dealer: DealerEndpoint, sending payload: [UInt8]) throws -> Inbound {
        let deadline = Stage.deadline
        while .now < deadline {
            _ = try dealer.send(payload)
            if let inbound = try router.receive() { return inbound }
            try Poll.wait(on: [router], until: min(deadline, .now + .milliseconds(200)))
        }
        throw NothingArrived()
    }

    struct NothingArrived: Error {}

    /// Sends to a peer as soon as its queue has room, which libzmq counts with a delay.
    func answer(_ peer: PeerID, _ payload: [UInt8]) throws {
        let deadline = Stage.deadline
        var outcome = try router.send(payload, to: peer)
        while outcome == .full, .now < deadline {
            try Poll.wait(on: [router], until: .now + .milliseconds(10))
            outcome = try router.send(payload, to: peer)
        }
        try #require(outcome == .sent)
    }

    /// Waits until the coordinator's counters satisfy a condition; no message may arrive meanwhile.
    func wait(for condition: (RouterEndpoint.Counters) -> Bool) throws {
        let deadline = Stage.deadline
        while true {
            let inbound = try router.receive()
            #expect(inbound == nil)
            if condition(router.counters) { return }
            try #require(try Poll.wait(on: [router], until: deadline), "\(router.counters)")
        }
    }
}

extension DealerEndpoint {
    /// Waits for a certain event and passes over others.
    func wait(for event: ConnectionEvent) throws {
        let deadline = Stage.deadline
        while true {
            let next = try #require(try nextEvent(until: deadline), "\(event) did not come")
            if next == event { return }
        }
    }

    func deliver(_ bytes: [UInt8]) throws {
        try #require(try send(bytes, until: Stage.deadline), "no room to send")
    }

    func reply() throws -> [UInt8] { try #require(try receive(until: Stage.deadline), "no answer") }
}

/// libzmq without our rules, as an attacker would use it.
final class RawSocket {
    private let context: UnsafeMutableRawPointer?
    private let socket: UnsafeMutableRawPointer

    /// A socket in a context of its own, or in a given one.
    init(_ type: Int32, in shared: MessagingContext? = nil) throws {
        context = shared == nil ? zmq_ctx_new() : nil
        socket = try #require(zmq_socket(shared?.handle ?? context, type))
        set(ZMQ_LINGER, 0)
        set(ZMQ_RCVTIMEO, 60_000)
        set(ZMQ_SNDTIMEO, 60_000)
    }

    deinit {
        zmq_close(socket)
        if let context { zmq_ctx_term(context) }
    }

    func set(_ option: Int32, _ value: Int32) {
        _ = withUnsafeBytes(of: value) { zmq_setsockopt(socket, option, $0.baseAddress, 4) }
    }

    /// Gives the socket a new key.
    func makeKey() throws -> CurvePublicKey {
        var publicText = [CChar](repeating: 0, count: 41)
        var secretText = [CChar](repeating: 0, count: 41)
        zmq_curve_keypair(&publicText, &secretText)
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, publicText, 40)
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secretText, 40)
        return try CurvePublicKey(
            z85: String(decoding: publicText.prefix(40).map(UInt8.init(bitPattern:)), as: UTF8.self))
    }

    /// Claims a public key whose secret half the socket does not have.
    func set(publicKey: CurvePublicKey) { zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, publicKey.z85, 40) }

    func expect(serverKey: CurvePublicKey) { zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, serverKey.z85, 40) }

    func connect(_ endpoint: String) throws { try #require(zmq_connect(socket, endpoint) == 0) }

    func bind(_ endpoint: String) throws -> String {
        try #require(zmq_bind(socket, endpoint) == 0)
        var buffer = [CChar](repeating: 0, count: 256)
        var length = buffer.count
        try #require(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, &buffer, &length) == 0)
        return String(decoding: buffer.prefix(max(0, length - 1)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Sends all parts as one message.
    func send(_ parts: [[UInt8]]) throws {
        for (index, part) in parts.enumerated() {
            let flags = index + 1 < parts.count ? ZMQ_SNDMORE : 0
            try #require(zmq_send(socket, part, part.count, flags) == part.count)
        }
    }

    /// Receives all parts of one message.
    func receive() throws -> [[UInt8]] {
        var parts: [[UInt8]] = []
        var more: Int32 = 1
        while more != 0 {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = zmq_recv(socket, &buffer, buffer.count, 0)
            try #require(count >= 0)
            parts.append(Array(buffer.prefix(Int(count))))
            var length = MemoryLayout<Int32>.size
            zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &length)
        }
        return parts
    }
}
