import Wire

/// The socket of a worker or a client: DEALER, CURVE client, connected to one coordinator. Used by one thread.
///
/// It connects again by itself. While it is not connected nothing is queued, so that no stale message reaches a
/// coordinator that has restarted.
public final class DealerEndpoint: Pollable {
    /// Messages of several parts, which were dropped.
    public private(set) var droppedMultipart = 0
    /// Whether waiting on this endpoint also ends when a message can be sent. For after a send that was `full`.
    public var waitsForRoom = false
    private let monitor: ConnectionMonitor
    private let socket: Socket

    /// Starts connecting; the coordinator must prove `serverKey`.
    public init(
        connectingTo endpoint: String, serverKey: CurvePublicKey, keys: CurveKeyPair, in context: MessagingContext,
        options: EndpointOptions = .peer
    ) throws(MessagingError) {
        let address = try EndpointAddress(endpoint, for: .connecting)
        socket = try Socket(.dealer, in: context)
        try options.apply(to: socket)
        try socket.set(.ipv6, options.ipv6 || address.isIPv6)
        try socket.set(.immediate, true)
        try socket.set(.curveServerKey, serverKey.bytes)
        try socket.set(.curvePublicKey, keys.publicKey.bytes)
        try socket.set(.curveSecretKey, keys.secretKey.bytes)
        monitor = try ConnectionMonitor(of: socket)
        try socket.connect(address.description)
    }

    /// Input, room if asked for, and news of the connection, which `nextEvent` returns.
    public var pollItems: [PollItem] { [PollItem(socket, output: waitsForRoom), monitor.pollItem] }

    /// Hands a payload over without waiting; `full` while the coordinator is not connected.
    public func send(_ payload: [UInt8]) throws(MessagingError) -> SendOutcome { try socket.send(payload) }

    /// The next message; nil when none waits.
    public func receive() throws(MessagingError) -> [UInt8]? {
        while let payload = try socket.receive() {
            guard payload.hasMore else { return payload.bytes }
            _ = try socket.discardRest()
            droppedMultipart += 1
        }
        return nil
    }

    /// The next news of the connection; nil when there is none. Read it every turn: unread news ends the next wait.
    public func nextEvent() throws(MessagingError) -> ConnectionEvent? { try monitor.next() }

    /// Waits for room and sends; false when the deadline came first.
    public func send(_ payload: [UInt8], until deadline: MonotonicInstant) throws(MessagingError) -> Bool {
        while try socket.send(payload) != .sent {
            guard try Poll.wait(on: [PollItem(socket, input: false, output: true)], until: deadline) else {
                return false
            }
        }
        return true
    }

    /// Waits for a message; nil when the deadline came first.
    public func receive(until deadline: MonotonicInstant) throws(MessagingError) -> [UInt8]? {
        while true {
            if let payload = try receive() { return payload }
            guard try Poll.wait(on: [PollItem(socket)], until: deadline) else { return nil }
        }
    }

    /// Waits for news of the connection; nil when the deadline came first.
    public func nextEvent(until deadline: MonotonicInstant) throws(MessagingError) -> ConnectionEvent? {
        while true {
            if let event = try nextEvent() { return event }
            guard try Poll.wait(on: [monitor.pollItem], until: deadline) else { return nil }
        }
    }
}
