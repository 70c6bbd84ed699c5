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

/// A seeded generator, so that a value's jitter can be replayed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }
}
