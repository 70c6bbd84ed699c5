import CZeroMQ

/// What happened to a connection.
public enum ConnectionEvent: Sendable, Equatable {
    /// Both sides proved their keys; messages can flow.
    case ready
    /// The other side does not admit this key.
    case refused
    /// The handshake broke, such as when the other side has another key than expected or speaks without CURVE.
    case failed
    /// The connection ended.
    case disconnected
}

/// Reports a socket's handshakes. Lives on the socket's thread.
final class ConnectionMonitor {
    private let socket: Socket
    private let monitored: Socket

    init(of monitored: Socket) throws(MessagingError) {
        self.monitored = monitored
        let name = monitored.context.uniqueName("monitor")
        let events =
            ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
            | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_DISCONNECTED
        guard zmq_socket_monitor(monitored.handle, name, events) == 0 else { throw .last("watching connections") }
        socket = try Socket(.pair, in: monitored.context)
        // libzmq's I/O thread waits for room to report an event, and closing the socket then waits for that thread.
        try socket.set(.receiveHighWater, 0)
        try socket.connect(name)
    }

    deinit { zmq_socket_monitor(monitored.handle, nil, 0) }

    var pollItem: PollItem { PollItem(socket) }

    /// The next event; nil when none waits.
    func next() throws(MessagingError) -> ConnectionEvent? {
        while let part = try socket.receive() {
            if part.hasMore { _ = try socket.discardRest() }
            guard part.bytes.count >= 2 else { continue }
            switch Int32(part.bytes[0]) | Int32(part.bytes[1]) << 8 {
            case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .ready
            case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return .refused
            case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: return .failed
            case ZMQ_EVENT_DISCONNECTED: return .disconnected
            default: continue
            }
        }
        return nil
    }
}
