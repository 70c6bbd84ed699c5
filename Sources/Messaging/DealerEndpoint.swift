import Wire

/// The socket of a worker or a client: DEALER, CURVE client, connected to one coordinator. Used by one thread.
///
/// It connects again by itself, also after it was refused. While it is not connected nothing is queued, so that no
/// stale message reaches a coordinator that has restarted; what was queued when the connection broke is lost.
public final class DealerEndpoint: Pollable {
    /// Messages of several parts, which were dropped.
    public private(set) var droppedMultipart = 0
    /// Whether both sides have proved their keys and the connection stands, as far as read.
    public private(set) var isReady = false
    /// When the next `send` or `receive` opens a new socket; nil while libzmq itself looks after the connection.
    public private(set) var nextAttempt: MonotonicInstant?
    /// Whether waiting on this endpoint also ends when a message can be sent. Set it after a send that was
    /// `full`, and back once one was `sent`: else no wait is one.
    public var waitsForRoom = false

    private let address: EndpointAddress
    private let serverKey: CurvePublicKey
    private let keys: CurveKeyPair
    private let context: MessagingContext
    private let options: EndpointOptions
    private var monitor: ConnectionMonitor
    private var socket: Socket
    private var events: [ConnectionEvent] = []

    /// Starts connecting; the coordinator must prove `serverKey`.
    public init(
        connectingTo endpoint: String, serverKey: CurvePublicKey, keys: CurveKeyPair, in context: MessagingContext,
        options: EndpointOptions = .peer
    ) throws(MessagingError) {
        address = try EndpointAddress(endpoint, for: .connecting)
        self.serverKey = serverKey
        self.keys = keys
        self.context = context
        self.options = options
        (socket, monitor) = try Self.open(address, serverKey, keys, context, options)
    }

    /// Input, news of the connection, and room if asked for. `receive` has to be called after each wait.
    public var pollItems: [PollItem] { [PollItem(socket, output: waitsForRoom), monitor.pollItem] }

    /// Hands a payload over without waiting; `full` while the coordinator is not connected.
    public func send(_ payload: [UInt8]) throws(MessagingError) -> SendOutcome {
        try tend()
        return try socket.send(payload)
    }

    /// The next message; nil when none waits.
    public func receive() throws(MessagingError) -> [UInt8]? {
        try tend()
        while let payload = try socket.receive() {
            guard payload.hasMore else { return payload.bytes }
            _ = try socket.discardRest()
            droppedMultipart += 1
        }
        return nil
    }

    /// The next news of the connection, nil when there is none; of unread news only the last 16 are kept.
    public func nextEvent() throws(MessagingError) -> ConnectionEvent? {
        try tend()
        return events.isEmpty ? nil : events.removeFirst()
    }

    /// Waits for room and sends; false when the deadline came first.
    public func send(_ payload: [UInt8], until deadline: MonotonicInstant) throws(MessagingError) -> Bool {
        while try send(payload) != .sent {
            guard try wait(output: true, until: deadline) else { return false }
        }
        return true
    }

    /// Waits for a message; nil when the deadline came first.
    public func receive(until deadline: MonotonicInstant) throws(MessagingError) -> [UInt8]? {
        while true {
            if let payload = try receive() { return payload }
            guard try wait(output: false, until: deadline) else { return nil }
        }
    }

    /// Waits for news of the connection; nil when the deadline came first.
    public func nextEvent(until deadline: MonotonicInstant) throws(MessagingError) -> ConnectionEvent? {
        while true {
            if let event = try nextEvent() { return event }
            let limit = min(deadline, nextAttempt ?? deadline)
            if try Poll.wait(on: [monitor.pollItem], until: limit) { continue }
            guard limit < deadline else { return nil }
        }
    }

    private func wait(output: Bool, until deadline: MonotonicInstant) throws(MessagingError) -> Bool {
        let limit = min(deadline, nextAttempt ?? deadline)
        let isReady = try Poll.wait(
            on: [PollItem(socket, input: !output, output: output), monitor.pollItem], until: limit)
        return isReady || limit < deadline
    }

    /// Reads the news of the connection, and opens a new socket where libzmq has given up: after a refusal it does
    /// not connect again, although the key may be admitted by then.
    private func tend() throws(MessagingError) {
        while let event = try monitor.next() {
            if events.count == 16 { events.removeFirst() }
            events.append(event)
            isReady = event == .ready
            switch event {
            case .ready: nextAttempt = nil
            case .refused, .failed: nextAttempt = .now + options.reconnectMaximum * Double.random(in: 0.5...1)
            case .disconnected: break
            }
        }
        guard let attempt = nextAttempt, attempt <= .now else { return }
        nextAttempt = nil
        (socket, monitor) = try Self.open(address, serverKey, keys, context, options)
    }

    private static func open(
        _ address: EndpointAddress, _ serverKey: CurvePublicKey, _ keys: CurveKeyPair, _ context: MessagingContext,
        _ options: EndpointOptions
    ) throws(MessagingError) -> (Socket, ConnectionMonitor) {
        let socket = try Socket(.dealer, in: context)
        try options.apply(to: socket)
        try socket.set(.ipv6, options.ipv6 || address.isIPv6)
        try socket.set(.immediate, true)
        try socket.set(.curveServerKey, serverKey.bytes)
        try socket.set(.curvePublicKey, keys.publicKey.bytes)
        try socket.set(.curveSecretKey, keys.secretKey.bytes)
        let monitor = try ConnectionMonitor(of: socket)
        try socket.connect(address.description)
        return (socket, monitor)
    }
}
