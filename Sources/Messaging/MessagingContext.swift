import CZeroMQ
import Synchronization

/// One libzmq context: its I/O threads and the space of its inproc names.
///
/// Every socket holds its context, so the context ends after its last socket, when what lingers has left.
/// Invariant of the unchecked conformance: libzmq's contexts may be used from any thread, and `handle` never changes.
public final class MessagingContext: @unchecked Sendable {
    /// libzmq's own handle, for tests that attack a context's parts directly.
    package let handle: UnsafeMutableRawPointer
    private let names = Atomic<Int>(0)
    private let isClosed = Atomic<Bool>(false)

    /// Makes a context with a number of I/O threads (libzmq advises one a gigabyte per second) and room for sockets;
    /// the connections of one socket are not counted.
    public init(threads: Int = 1, sockets: Int = 1023) throws(MessagingError) {
        guard let handle = zmq_ctx_new() else { throw .last("making a ZeroMQ context") }
        zmq_ctx_set(handle, ZMQ_MAX_SOCKETS, Int32(clamping: min(max(1, sockets), 65_535)))
        self.handle = handle
        zmq_ctx_set(handle, ZMQ_IO_THREADS, Int32(clamping: max(1, threads)))
        zmq_ctx_set(handle, ZMQ_BLOCKY, 0)
    }

    deinit { close() }

    /// Waits until every socket of the context is closed and what lingers has left. No socket can be made afterwards.
    public func close() {
        if !isClosed.exchange(true, ordering: .relaxed) { zmq_ctx_term(handle) }
    }

    /// An inproc endpoint that nobody else in this context has.
    func uniqueName(_ purpose: String) -> String {
        "inproc://molt.\(purpose).\(names.add(1, ordering: .relaxed).newValue)"
    }

    /// Gives memory that libzmq has freed back to the system.
    public static func returnFreedMemory() { malloc_trim(0) }
}
