import Messaging
import Testing

@Suite("Endpoints")
struct EndpointTests {
    @Test(
        "an endpoint that cannot be is refused with the reason",
        arguments: [
            ("host:5555", "write tcp://host:port or ipc://path"),
            ("http://host:5555", "write tcp://host:port or ipc://path"),
            ("tcp://host", "the port is missing"),
            ("tcp://:5555", "the host is missing"),
            ("tcp://host:0", "'0' is not a port"),
            ("tcp://host:65536", "'65536' is not a port"),
            ("tcp://host:http", "'http' is not a port"),
            ("tcp://host:*", "'*' is not a port"),
            ("tcp://*:5555", "name the host to connect to"),
            ("tcp://::1:5555", "in brackets"),
            ("tcp://[::1]", "the port is missing"),
            ("tcp://ho st:5555", "'ho st' is not a host"),
            ("ipc://", "the path is missing"),
            ("ipc://" + String(repeating: "x", count: 108), "at most 107 bytes"),
        ])
    func malformed(text: String, reason: String) {
        let error = #expect(throws: MessagingError.self) { try EndpointAddress(text, for: .connecting) }
        #expect(error?.description.contains(reason) == true, "\(error as Any)")
        #expect(error?.description.contains(text) == true)
    }

    @Test(
        "what can be listened on is read", arguments: ["tcp://*:5555", "tcp://127.0.0.1:*", "tcp://[::1]:1", "ipc://a"])
    func listening(text: String) throws {
        #expect(try EndpointAddress(text, for: .listening).description == text)
    }

    @Test("localhost can be listened on")
    func localhost() throws {
        let stage = try Stage(listeningOn: "tcp://localhost:*")
        #expect(stage.endpoint.hasPrefix("tcp://127.0.0.1:"))
    }

    @Test("a wildcard port is reported as the port it got")
    func wildcard() throws {
        let port = try Stage().endpoint.split(separator: ":").last.flatMap { UInt16($0) }
        #expect(port ?? 0 > 0)
    }

    @Test("an address in use is named, with the way out")
    func addressInUse() throws {
        let stage = try Stage()
        let error = #expect(throws: MessagingError.self) { try Stage(listeningOn: stage.endpoint) }
        #expect(
            error?.description
                == "cannot listen on \(stage.endpoint): the address is in use: stop the process that listens there, "
                + "or choose another port")
    }

    @Test("an address of another machine cannot be listened on")
    func foreignAddress() {
        let error = #expect(throws: MessagingError.self) { try Stage(listeningOn: "tcp://192.0.2.1:*") }
        #expect(error?.description.contains("no such address or interface") == true, "\(error as Any)")
    }

    @Test("a folder that is not there is named for ipc")
    func missingFolder() {
        let error = #expect(throws: MessagingError.self) { try Stage(listeningOn: "ipc:///nowhere/at/all") }
        #expect(error?.description == "cannot listen on ipc:///nowhere/at/all: no such folder")
    }
}
