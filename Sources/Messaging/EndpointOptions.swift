import Wire

/// The bounds and times of an endpoint. The defaults suit production; tests shorten times.
public struct EndpointOptions: Sendable {
    /// The longest message that is received, in bytes. libzmq cuts the connection of a peer that sends more.
    public var maximumMessageBytes: Int
    /// Messages that wait for sending, for each peer.
    public var sendHighWater = 256
    /// Messages that wait for being read, for each peer.
    public var receiveHighWater = 256
    /// How long a peer may take for the handshake.
    public var handshake: Duration = .seconds(10)
    /// How long a connection attempt may take.
    public var connect: Duration = .seconds(5)
    /// The first pause before connecting again; doubles up to `reconnectMaximum`.
    public var reconnect: Duration = .milliseconds(200)
    /// The longest pause before connecting again.
    public var reconnectMaximum: Duration = .seconds(5)
    /// How often libzmq's I/O thread pings. It finds dead connections, but says nothing about the peer's work.
    public var heartbeat: Duration = .seconds(5)
    /// After how much silence libzmq gives up a connection.
    public var heartbeatTimeout: Duration = .seconds(20)
    /// How long a closing socket goes on sending what it has.
    public var linger: Duration = .seconds(1)
    /// Connections that the kernel holds until libzmq accepts them.
    public var backlog = 1024
    /// Whether to use IPv6 beside IPv4; a literal IPv6 address does so without this.
    public var ipv6 = false

    /// The coordinator's side: receives what workers and clients may send. An honest worker has no more than 1 MiB
    /// under way, so that short queues do not slow it, while they bound what a hostile one can make libzmq hold. A turn
    /// may owe a worker Acks and a Job for each of its 64 slots, and what a full queue drops is said again only later;
    /// libzmq learns of room in steps of half a queue, so that only half of it can be counted on.
    public static var coordinator: EndpointOptions {
        var options = EndpointOptions(maximumMessageBytes: WireLimits.frameToCoordinator)
        options.receiveHighWater = 32
        options.sendHighWater = 512
        return options
    }

    /// The side of workers and clients: receives what the coordinator may send.
    public static var peer: EndpointOptions {
        EndpointOptions(maximumMessageBytes: WireLimits.frameFromCoordinator)
    }

    /// What CURVE adds to a message (RFC 26: command name, nonce, authenticator, flags); libzmq's limit counts it.
    private static let curveOverhead = 8 + 8 + 16 + 1

    func apply(to socket: Socket) throws(MessagingError) {
        try socket.set(.maximumMessageBytes, maximumMessageBytes + Self.curveOverhead)
        try socket.set(.sendHighWater, sendHighWater)
        try socket.set(.receiveHighWater, receiveHighWater)
        try socket.set(.handshakeMilliseconds, handshake)
        try socket.set(.connectTimeoutMilliseconds, connect)
        try socket.set(.reconnectMilliseconds, reconnect)
        try socket.set(.reconnectMaximumMilliseconds, reconnectMaximum)
        try socket.set(.heartbeatMilliseconds, heartbeat)
        try socket.set(.heartbeatTimeoutMilliseconds, heartbeatTimeout)
        try socket.set(.linger, linger)
        try socket.set(.backlog, backlog)
        try socket.set(.ipv6, ipv6)
    }
}
