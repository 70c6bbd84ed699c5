/// A span of monotonic time.
public typealias Milliseconds = UInt64

/// A moment on one process's monotonic clock. Instants of two hosts are never compared.
public struct Instant: Sendable, Hashable, Comparable {
    /// Since the clock's own start.
    public let milliseconds: Milliseconds

    /// The moment that many milliseconds after the clock's start.
    public init(milliseconds: Milliseconds) { self.milliseconds = milliseconds }

    /// The later moment.
    public static func + (moment: Instant, span: Milliseconds) -> Instant {
        Instant(milliseconds: moment.milliseconds + span)
    }

    /// The span since an earlier moment; 0 if that is not earlier.
    public static func - (moment: Instant, earlier: Instant) -> Milliseconds {
        moment.milliseconds > earlier.milliseconds ? moment.milliseconds - earlier.milliseconds : 0
    }

    /// Orders by time.
    public static func < (left: Instant, right: Instant) -> Bool { left.milliseconds < right.milliseconds }
}
