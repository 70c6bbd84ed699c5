import CZeroMQ
import Foundation

/// A ZeroMQ socket, used by one thread at a time: the one that made it, or one that it was handed to under a lock.
final class Socket {
    enum Kind {
        case router, dealer, pair, reply

        var code: Int32 {
            switch self {
            case .router: ZMQ_ROUTER
            case .dealer: ZMQ_DEALER
            case .pair: ZMQ_PAIR
            case .reply: ZMQ_REP
            }
        }
    }

    /// One part of a message as it arrived.
    struct Part {
        var bytes: [UInt8]
        /// Whether another part of the same message follows; then it is already here.
        var hasMore: Bool
        /// Set by our ZAP handler alone; nil for a peer that it has not admitted.
        var userID: String?
        var address: String?
    }

    let context: MessagingContext
    let handle: UnsafeMutableRawPointer
    private let message: UnsafeMutablePointer<zmq_msg_t>

    init(_ kind: Kind, in context: MessagingContext) throws(MessagingError) {
        guard let handle = zmq_socket(context.handle, kind.code) else { throw .last("making a \(kind) socket") }
        self.context = context
        self.handle = handle
        self.message = .allocate(capacity: 1)
    }

    deinit {
        zmq_close(handle)
        message.deallocate()
    }

    func bind(_ endpoint: String) throws(MessagingError) {
        guard zmq_bind(handle, endpoint) == 0 else {
            throw .cannotBind(endpoint, reason: MessagingError.bindReason(zmq_errno()))
        }
    }

    func connect(_ endpoint: String) throws(MessagingError) {
        guard zmq_connect(handle, endpoint) == 0 else {
            throw .cannotConnect(endpoint, reason: MessagingError.reason(zmq_errno()))
        }
    }

    /// Sends one part without waiting; says why not if the peer is full or gone.
    func send(_ bytes: [UInt8], more: Bool = false) throws(MessagingError) -> SendOutcome {
        let flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)
        while true {
            if zmq_send(handle, bytes, bytes.count, flags) >= 0 { return .sent }
            switch zmq_errno() {
            case EINTR: continue
            case EAGAIN: return .full
            case EHOSTUNREACH: return .unreachable
            default: throw .last("sending a message")
            }
        }
    }

    /// The next part, or nil when nothing waits. Its sender is looked up only if that is asked for.
    func receive(withSender: Bool = true) throws(MessagingError) -> Part? {
        guard try receiveMessage() else { return nil }
        defer { zmq_msg_close(message) }
        return Part(
            bytes: Array(UnsafeRawBufferPointer(start: zmq_msg_data(message), count: zmq_msg_size(message))),
            hasMore: zmq_msg_more(message) != 0,
            userID: withSender ? property("User-Id") : nil,
            address: withSender ? property("Peer-Address") : nil)
    }

    /// Reads the rest of a message without keeping it; returns the number of parts.
    func discardRest() throws(MessagingError) -> Int {
        var parts = 0
        var hasMore = true
        while hasMore, try receiveMessage() {
            parts += 1
            hasMore = zmq_msg_more(message) != 0
            zmq_msg_close(message)
        }
        return parts
    }

    /// Fills `message`, which the caller then closes; false when nothing waits.
    private func receiveMessage() throws(MessagingError) -> Bool {
        zmq_msg_init(message)
        while zmq_msg_recv(message, handle, ZMQ_DONTWAIT) < 0 {
            let code = zmq_errno()
            if code == EINTR { continue }
            zmq_msg_close(message)
            guard code == EAGAIN else {
                throw .library(operation: "receiving a message", reason: MessagingError.reason(code))
            }
            return false
        }
        return true
    }

    private func property(_ name: String) -> String? {
        zmq_msg_gets(message, name).map { String(cString: $0) }
    }
}

/// What became of a message handed to a socket.
public enum SendOutcome: Sendable, Equatable {
    /// libzmq has it. Only an answer tells that the peer has it too.
    case sent
    /// The peer's queue is full, or nobody is connected yet: try later.
    case full
    /// No peer has this routing id any more.
    case unreachable
}
