import Hummingbird
import Synchronization

/// Everybody who is told of changes, each with a bounded number of messages that wait.
final class Viewers: Sendable {
    private struct State {
        var streams: [Int: AsyncStream<ByteBuffer>.Continuation] = [:]
        var next = 0
        var dropped: UInt64 = 0
        var isOver = false
    }

    private let state = Mutex(State())
    private let limit: Int
    private let backlog: Int

    init(_ limits: DashboardOptions.Limits) {
        limit = limits.viewers
        backlog = limits.viewerBacklog
    }

    /// One more; nil where there are too many, or no more are told anything.
    func join() -> AsyncStream<ByteBuffer>? {
        let (stream, continuation) = AsyncStream.makeStream(
            of: ByteBuffer.self, bufferingPolicy: .bufferingOldest(backlog))
        let number: Int? = state.withLock { state in
            guard !state.isOver, state.streams.count < limit else { return nil }
            state.next += 1
            state.streams[state.next] = continuation
            return state.next
        }
        guard let number else { return nil }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { $0.streams[number] = nil }
        }
        return stream
    }

    /// Tells all; who has too much waiting is dropped, and finds out when it comes back.
    func tell(_ message: ByteBuffer) {
        let slow = state.withLock { state in
            let slow = state.streams.filter { _, stream in
                if case .dropped = stream.yield(message) { true } else { false }
            }
            for number in slow.keys { state.streams[number] = nil }
            state.dropped += UInt64(slow.count)
            return slow
        }
        for stream in slow.values { stream.finish() }
    }

    /// Ends everybody's stream; nobody joins any more.
    func dismissAll() {
        let streams = state.withLock { state in
            state.isOver = true
            defer { state.streams = [:] }
            return state.streams
        }
        for stream in streams.values { stream.finish() }
    }

    var count: Int { state.withLock { $0.streams.count } }

    /// How many were too slow.
    var dropped: UInt64 { state.withLock { $0.dropped } }
}
