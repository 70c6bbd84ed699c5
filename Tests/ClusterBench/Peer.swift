import CZeroMQ
import Wire

/// One worker's connection: a bare DEALER socket of two file descriptors, so that thousands fit into a process.
final class Peer {
    let handle: UnsafeMutableRawPointer
    /// Becomes readable when the socket's state may have changed: `receive` until nil then, and after each `send`.
    let descriptor: Int32
    private var message = zmq_msg_t()
    private var sent: UInt64 = 0
    private(set) var session: UInt64 = 0
    private(set) var incarnation: UInt64 = 0
    /// In seconds, as Welcome named it; 0 before.
    private(set) var heartbeat = 0.0
    var heartbeatDue = Double.infinity
    /// When the heartbeat that awaits its answer left; nil if none does.
    var heartbeatSent: Double?
    /// Batches of granted jobs that wait until earlier ones are acknowledged.
    var waiting: [Batch] = []
    /// Bytes of batches that have no Ack yet, and how many there may be.
    var underWay = 0
    private(set) var window = 1 << 20
    /// Batches of a lease that have no Ack yet.
    var open: [String: Int] = [:]

    struct Batch {
        let job: String
        let epoch: UInt64
        let number: UInt64
        let examples: [UInt32]
    }

    init(_ context: UnsafeMutableRawPointer, endpoint: String, serverKey: String, keys: Keys) throws {
        guard let handle = zmq_socket(context, ZMQ_DEALER) else { throw Peer.failure("socket") }
        self.handle = handle
        var descriptor: Int32 = 0
        var size = MemoryLayout<Int32>.size
        for (option, key) in [
            (ZMQ_CURVE_SERVERKEY, serverKey), (ZMQ_CURVE_PUBLICKEY, keys.publicKey),
            (ZMQ_CURVE_SECRETKEY, keys.secretKey),
        ] {
            guard zmq_setsockopt(handle, option, key, 40) == 0 else { throw Peer.failure("key") }
        }
        for (option, value) in [(ZMQ_LINGER, 0), (ZMQ_HANDSHAKE_IVL, 120_000), (ZMQ_RECONNECT_IVL, 500)]
            as [(
                Int32, Int32
            )]
        {
            var value = value
            guard zmq_setsockopt(handle, option, &value, 4) == 0 else { throw Peer.failure("option \(option)") }
        }
        guard zmq_connect(handle, endpoint) == 0 else { throw Peer.failure("connect") }
        guard zmq_getsockopt(handle, ZMQ_FD, &descriptor, &size) == 0 else { throw Peer.failure("descriptor") }
        self.descriptor = descriptor
    }

    deinit { zmq_close(handle) }

    func welcome(_ welcome: WireWelcome) {
        (session, incarnation) = (welcome.session, welcome.incarnation)
        heartbeat = Double(welcome.heartbeatMilliseconds) / 1000
        resize(welcome.windowBytes)
    }

    /// Takes what the coordinator says of the window; 0 leaves it.
    func resize(_ bytes: UInt64) { if bytes > 0 { window = Int(clamping: bytes) } }

    /// Takes the interval of heartbeats that the coordinator tells; 0 leaves it.
    func beat(every milliseconds: UInt32) { if milliseconds > 0 { heartbeat = Double(milliseconds) / 1000 } }

    /// Returns the length of the frame.
    @discardableResult
    func send(_ body: WireMessage) throws -> Int {
        sent += 1
        let isHello = body.type == .hello
        let frame = try Envelope.encode(
            body, incarnation: isHello ? 0 : incarnation, session: isHello ? 0 : session, sequence: sent)
        guard zmq_send(handle, frame, frame.count, ZMQ_DONTWAIT) >= 0 else { throw Peer.failure("send") }
        return frame.count
    }

    func receive() throws -> WireMessage? {
        zmq_msg_init(&message)
        defer { zmq_msg_close(&message) }
        guard zmq_msg_recv(&message, handle, ZMQ_DONTWAIT) >= 0 else { return nil }
        let bytes = Array(UnsafeRawBufferPointer(start: zmq_msg_data(&message), count: zmq_msg_size(&message)))
        return try Envelope.decode(bytes).message
    }

    static func failure(_ what: String) -> BenchError {
        .zeroMQ("\(what): \(String(cString: zmq_strerror(zmq_errno())))")
    }
}
