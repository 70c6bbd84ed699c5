import Synchronization

/// The ZAP handler (ZeroMQ RFC 27) of a context: it admits the CURVE keys of an allow-list and nobody else.
///
/// An endpoint of ours can only be made with one, so that it runs before anything listens. Where it is not
/// reachable, libzmq refuses handshakes, for the endpoints enforce the domain. It has a thread of its own.
public final class Authenticator: Sendable {
    /// The only domain that is admitted.
    public static let domain = "molt"

    /// A refused handshake.
    public struct Refusal: Sendable, Equatable {
        /// The key that was shown, in Z85, if one was.
        public let key: String?
        /// The peer's IP address, as libzmq tells it.
        public let address: String
        /// In a few words.
        public let reason: String
    }

    /// How many handshakes were decided, and the last refusals.
    public struct Record: Sendable, Equatable {
        /// Handshakes whose key is on the list.
        public internal(set) var admitted = 0
        /// Handshakes answered with 400.
        public internal(set) var refused = 0
        /// The last 32, oldest first.
        public internal(set) var lastRefusals: [Refusal] = []

        mutating func add(_ refusal: Refusal) {
            refused += 1
            if lastRefusals.count == 32 { lastRefusals.removeFirst() }
            lastRefusals.append(refusal)
        }
    }

    /// Who is admitted.
    public let allowList: AllowList
    let context: MessagingContext
    private let loop: PollLoop<Handler>
    private let shared: Shared

    final class Shared: Sendable {
        let record = Mutex(Record())
    }

    /// Starts the handler; fails when the context has one already.
    public init(_ allowList: AllowList, in context: MessagingContext) throws {
        let shared = Shared()
        self.allowList = allowList
        self.context = context
        self.shared = shared
        // The loop's own sockets are in another context, so that this one can be closed while the loop's value lives.
        loop = try PollLoop("molt-zap", in: MessagingContext()) {
            let socket = try Socket(.reply, in: context)
            try socket.bind("inproc://zeromq.zap.01")
            return Handler(socket: socket, allowList: allowList, shared: shared)
        }
    }

    deinit { stop() }

    /// What was decided so far.
    public var record: Record { shared.record.withLock { $0 } }

    /// Ends the handler and waits for that; from then on every handshake is refused.
    public func stop() {
        loop.stop()
        try? loop.wait()
    }

    private struct Handler: PollHandler {
        let socket: Socket
        let allowList: AllowList
        let shared: Shared

        var pollables: [any Pollable] { [SocketInput(socket: socket)] }

        mutating func turn(now: MonotonicInstant) throws -> NextTurn {
            while let request = try ZAPRequest(from: socket) {
                let decision = request.decision(by: allowList)
                shared.record.withLock { record in
                    switch decision {
                    case .success: record.admitted += 1
                    case .failure(let refusal): record.add(refusal.refusal)
                    }
                }
                try request.answer(decision, to: socket)
            }
            return .onInput
        }
    }
}

struct SocketInput: Pollable {
    let socket: Socket
    var pollItems: [PollItem] { [PollItem(socket)] }
}
