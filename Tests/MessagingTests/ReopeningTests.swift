import CZeroMQ
import Foundation
import Messaging
import TestSupport
import Testing

@Suite("Dropping all connections")
struct ReopeningTests {
    @Test("honest peers come back by themselves, at the same endpoint", arguments: ["tcp://127.0.0.1:*", "ipc"])
    func comeBack(endpoint: String) throws {
        let folder = try TemporaryFolder()
        let stage = try Stage(listeningOn: endpoint == "ipc" ? "ipc://\(folder.path("socket"))" : endpoint)
        let dealer = try stage.dealer()
        try dealer.deliver([1])
        #expect(try stage.arrival().payload == [1])
        for round in 1...3 {
            try stage.router.reopen()
            #expect(stage.router.counters.reopenings == round)
            let inbound = try stage.arrival(from: dealer, sending: [2])
            #expect(inbound.payload == [2] && inbound.userKey == stage.peerKeys.publicKey.z85)
            try stage.answer(inbound.peer, [3])
            #expect(try dealer.reply() == [3])
        }
    }

    @Test("a message of hundreds of large parts under a valid key is dropped whole, and others are served")
    func hugeMultipart() throws {
        let stage = try Stage()
        let client = try RawSocket(ZMQ_DEALER)
        let key = try client.makeKey()
        stage.allowList.replace(
            with: AuthorizedKeys([
                .init(role: .worker, key: key), .init(role: .worker, key: stage.peerKeys.publicKey),
            ]))
        client.expect(serverKey: stage.serverKeys.publicKey)
        try client.connect(stage.endpoint)
        try client.send([[UInt8]](repeating: [UInt8](repeating: 7, count: 1 << 20), count: 200))
        let honest = try stage.dealer()
        try honest.deliver([1])
        #expect(try stage.arrival().payload == [1])
        try stage.wait { $0.droppedMultipart == 1 }
    }
}
