import CZeroMQ
import Messaging
import TestSupport
import Testing
import Wire

@Suite("Frames between ROUTER and DEALER")
struct FrameTests {
    @Test("an oversize frame is dropped with its connection, and the peer comes back")
    func oversize() throws {
        let stage = try Stage()
        let dealer = try stage.dealer()
        try dealer.wait(for: .ready)
        try dealer.deliver([UInt8](repeating: 7, count: WireLimits.frameToCoordinator + 1))
        try dealer.wait(for: .disconnected)
        try dealer.wait(for: .ready)
        let inbound = try stage.arrival(
            from: dealer, sending: [UInt8](repeating: 8, count: WireLimits.frameToCoordinator))
        #expect(inbound.payload.count == WireLimits.frameToCoordinator)
        #expect(inbound.payload.allSatisfy { $0 == 8 })
    }

    @Test("messages of several parts are dropped and counted, also when the parts are empty or many")
    func multipart() throws {
        let stage = try Stage()
        let client = try RawSocket(ZMQ_DEALER)
        let key = try client.makeKey()
        stage.allowList.replace(with: AuthorizedKeys([.init(role: .worker, key: key)]))
        client.expect(serverKey: stage.serverKeys.publicKey)
        try client.connect(stage.endpoint)
        try client.send([[1], [2]])
        try client.send([[], []])
        try client.send([[UInt8]](repeating: [3], count: 1000))
        try client.send([[9]])
        #expect(try stage.arrival().payload == [9])
        #expect(stage.router.counters.droppedMultipart == 3)
        #expect(stage.router.counters.received == 1)
    }

    @Test("a worker drops messages of several parts too")
    func multipartToDealer() throws {
        let server = try RawSocket(ZMQ_ROUTER)
        server.set(ZMQ_CURVE_SERVER, 1)
        let serverKey = try server.makeKey()
        let endpoint = try server.bind("tcp://127.0.0.1:*")
        let dealer = try DealerEndpoint(
            connectingTo: endpoint, serverKey: serverKey, keys: CurveKeyPair.generate(), in: MessagingContext())
        try dealer.deliver([1])
        let peer = try #require(try server.receive().first)
        try server.send([peer, [2], [3]])
        try server.send([peer, [4]])
        #expect(try dealer.reply() == [4])
        #expect(dealer.droppedMultipart == 1)
    }

    @Test("an answer to a peer that is not there is reported, not lost silently")
    func unreachable() throws {
        let stage = try Stage()
        #expect(try stage.router.send([1], to: PeerID([0, 1, 2, 3, 4])) == .unreachable)
    }

    @Test("a peer that does not read fills its queue, and others are served meanwhile")
    func backpressure() throws {
        var options = EndpointOptions.coordinator
        options.sendHighWater = 4
        let stage = try Stage(options: options)
        let (lazy, busy) = (try stage.dealer(), try stage.dealer())
        try lazy.deliver([1])
        let lazyPeer = try stage.arrival().peer
        try busy.deliver([2])
        let busyPeer = try stage.arrival().peer
        let payload = [UInt8](repeating: 0, count: 1 << 20)
        var outcome = SendOutcome.sent
        for _ in 0..<2000 where outcome == .sent { outcome = try stage.router.send(payload, to: lazyPeer) }
        #expect(outcome == .full)
        #expect(try stage.router.send([3], to: busyPeer) == .sent)
        #expect(try busy.reply() == [3])
    }

    @Test("5,000 messages each way keep their order")
    func order() throws {
        let stage = try Stage()
        let dealer = try stage.dealer()
        let count = 5000
        for start in stride(from: 0, to: count, by: 100) {
            for number in start..<start + 100 { try dealer.deliver(bytes(number)) }
            for number in start..<start + 100 {
                let inbound = try stage.arrival()
                #expect(inbound.payload == bytes(number))
                try stage.answer(inbound.peer, inbound.payload)
            }
            for number in start..<start + 100 { #expect(try dealer.reply() == bytes(number)) }
        }
    }

    @Test("frames travel over ipc and IPv6 too", arguments: ["ipc", "tcp://[::1]:*"])
    func transports(endpoint: String) throws {
        let folder = try TemporaryFolder()
        let endpoint = endpoint == "ipc" ? "ipc://\(folder.path("socket"))" : endpoint
        let stage: Stage
        do {
            stage = try Stage(listeningOn: endpoint)
        } catch MessagingError.cannotBind(let place, let reason) where endpoint.hasPrefix("tcp://[") {
            // A machine without IPv6 says so.
            #expect(place == endpoint && !reason.isEmpty)
            return
        }
        let dealer = try stage.dealer()
        try dealer.deliver([1])
        #expect(try stage.arrival().payload == [1])
    }

    private func bytes(_ number: Int) -> [UInt8] { Array("message \(number)".utf8) }
}
