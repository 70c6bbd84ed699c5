import CZeroMQ
import Foundation

/// Something whose sockets a thread can wait on.
public protocol Pollable {
    /// The sockets, and for each whether to wait for input, for room to send, or for both.
    var pollItems: [PollItem] { get }
}

/// A socket to wait on.
public struct PollItem {
    let handle: UnsafeMutableRawPointer
    let events: Int16

    init(_ socket: Socket, input: Bool = true, output: Bool = false) {
        handle = socket.handle
        events = Int16((input ? ZMQ_POLLIN : 0) | (output ? ZMQ_POLLOUT : 0))
    }
}

/// The monotonic clock of all deadlines here. It counts suspended time, and setting the wall clock does not move it.
public typealias MonotonicInstant = ContinuousClock.Instant

/// Waiting on sockets with a deadline.
public enum Poll {
    /// Waits until one of the sockets is ready, and returns true, or until the deadline (nil: for ever).
    @discardableResult
    public static func wait(
        on pollables: [any Pollable], until deadline: MonotonicInstant?
    ) throws(MessagingError) -> Bool {
        try wait(on: pollables.flatMap(\.pollItems), until: deadline)
    }

    static func wait(on items: [PollItem], until deadline: MonotonicInstant?) throws(MessagingError) -> Bool {
        var list = items.map { zmq_pollitem_t(socket: $0.handle, fd: 0, events: $0.events, revents: 0) }
        while true {
            let ready = zmq_poll(&list, Int32(list.count), deadline.map(milliseconds) ?? -1)
            if ready > 0 { return true }
            if ready < 0, zmq_errno() != EINTR { throw .last("waiting for messages") }
            if let deadline, deadline <= .now { return false }
        }
    }

    /// From now to an instant, rounded up so that a deadline is never polled for in a busy loop; at most an hour.
    private static func milliseconds(until instant: MonotonicInstant) -> Int {
        let left = MonotonicInstant.now.duration(to: instant)
        guard left > .zero else { return 0 }
        guard left < .seconds(3600) else { return 3_600_000 }
        let (seconds, attoseconds) = left.components
        return Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
