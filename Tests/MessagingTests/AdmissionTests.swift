import CZeroMQ
import Messaging
import Testing

@Suite("Admission over tcp")
struct AdmissionTests {
    @Test("an admitted key gets through, and its User-Id is the key", arguments: PeerRole.allCases)
    func admitted(role: PeerRole) throws {
        let stage = try Stage(role: role)
        let dealer = try stage.dealer()
        try dealer.deliver([1, 2, 3])
        let inbound = try stage.arrival()
        #expect(inbound.payload == [1, 2, 3])
        #expect(inbound.userKey == stage.peerKeys.publicKey.z85)
        #expect(inbound.role == role)
        #expect(inbound.address == "127.0.0.1")
        #expect(try stage.router.send([4, 5], to: inbound.peer) == .sent)
        #expect(try dealer.reply() == [4, 5])
        #expect(stage.authenticator.record.admitted == 1)
    }

    @Test("an unknown key is told so, gets nothing, and is named to the operator")
    func unknownKey() throws {
        let stage = try Stage()
        let stranger = try CurveKeyPair.generate()
        let dealer = try stage.dealer(keys: stranger)
        try dealer.wait(for: .refused)
        #expect(try dealer.send([1]) == .full)
        try stage.wait { $0.handshakesRefused > 0 }
        #expect(stage.router.counters.received == 0)
        let refusal = try #require(stage.authenticator.record.lastRefusals.first)
        #expect(refusal.key == stranger.publicKey.z85)
        #expect(refusal.address == "127.0.0.1")
    }

    @Test("a peer that expects another server key does not get through")
    func otherServerKey() throws {
        let stage = try Stage()
        let dealer = try stage.dealer(serverKey: CurveKeyPair.generate().publicKey)
        try stage.wait { $0.handshakesFailed > 0 }
        #expect(try dealer.send([1]) == .full)
        #expect(stage.authenticator.record.admitted == 0)
    }

    @Test("a client without CURVE does not get through")
    func nullClient() throws {
        let stage = try Stage()
        let client = try RawSocket(ZMQ_DEALER)
        try client.connect(stage.endpoint)
        try client.send([[1]])
        try stage.wait { $0.handshakesFailed > 0 }
        #expect(stage.router.counters.received == 0)
    }

    @Test("a stolen public key is no use without its secret half")
    func stolenPublicKey() throws {
        let stage = try Stage()
        let thief = try RawSocket(ZMQ_DEALER)
        _ = try thief.makeKey()
        thief.set(publicKey: stage.peerKeys.publicKey)
        thief.expect(serverKey: stage.serverKeys.publicKey)
        try thief.connect(stage.endpoint)
        try thief.send([[1]])
        try stage.wait { $0.handshakesFailed > 0 }
        #expect(stage.authenticator.record.admitted == 0)
    }

    @Test("a revoked key is ignored at once, refused when it connects again, and welcome when it is back on the list")
    func revoked() throws {
        let stage = try Stage()
        let dealer = try stage.dealer()
        try dealer.deliver([1])
        #expect(try stage.arrival().payload == [1])

        let keys = AuthorizedKeys([.init(role: .worker, key: stage.peerKeys.publicKey)])
        stage.allowList.replace(with: AuthorizedKeys([]))
        try dealer.deliver([2])
        try stage.wait { $0.droppedRevoked == 1 }

        let again = try stage.dealer()
        try again.wait(for: .refused)
        stage.allowList.replace(with: keys)
        try again.deliver([3])
        #expect(try stage.arrival().payload == [3])
    }

    @Test("nobody gets in when the ZAP handler is gone")
    func deadHandler() throws {
        let stage = try Stage()
        stage.authenticator.stop()
        let dealer = try stage.dealer()
        try stage.wait { $0.handshakesFailed > 0 }
        #expect(try dealer.send([1]) == .full)
    }

    @Test("a context has one ZAP handler")
    func secondHandler() throws {
        let stage = try Stage()
        #expect(throws: MessagingError.self) {
            try Authenticator(stage.allowList, in: stage.context)
        }
    }

    struct Request: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let parts: [String]
        /// The key as the last part: admitted, unknown or cut.
        var key: (@Sendable ([UInt8]) -> [UInt8])? = { $0 }
        var status = "400"
    }

    static let requests: [Request] = [
        Request(testDescription: "as it should be", parts: ["1.0", "7", "molt", "::1", "", "CURVE"], status: "200"),
        Request(testDescription: "another version", parts: ["2.0", "7", "molt", "::1", "", "CURVE"]),
        Request(testDescription: "another domain", parts: ["1.0", "7", "global", "::1", "", "CURVE"]),
        Request(testDescription: "no domain", parts: ["1.0", "7", "", "::1", "", "CURVE"]),
        Request(testDescription: "mechanism NULL", parts: ["1.0", "7", "molt", "::1", "", "NULL"], key: nil),
        Request(testDescription: "mechanism PLAIN", parts: ["1.0", "7", "molt", "::1", "", "PLAIN", "me"]),
        Request(testDescription: "unknown key", parts: ["1.0", "7", "molt", "::1", "", "CURVE"]) {
            $0.map { $0 ^ 1 }
        },
        Request(testDescription: "cut key", parts: ["1.0", "7", "molt", "::1", "", "CURVE"]) { Array($0.dropLast()) },
        Request(testDescription: "one part", parts: ["1.0"], key: nil),
        Request(testDescription: "twenty parts", parts: [String](repeating: "1.0", count: 20)),
    ]

    @Test("the ZAP handler refuses everything unforeseen", arguments: requests)
    func handler(_ request: Request) throws {
        let stage = try Stage()
        let asker = try RawSocket(ZMQ_REQ, in: stage.context)
        try asker.connect("inproc://zeromq.zap.01")
        var parts = request.parts.map { Array($0.utf8) }
        if let key = request.key { parts.append(key(stage.peerKeys.publicKey.bytes)) }
        try asker.send(parts)
        let reply = try asker.receive().map { String(decoding: $0, as: UTF8.self) }
        try #require(reply.count == 6)
        #expect(reply[0] == "1.0")
        #expect(reply[2] == request.status)
        #expect(reply[4] == (request.status == "200" ? stage.peerKeys.publicKey.z85 : ""))
    }
}
