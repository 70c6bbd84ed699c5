import Foundation
import Synchronization
import Wording

/// A wish to stop, heard at the next piece of an answer.
public final class Interruption: Sendable {
    private let flag = Atomic<Bool>(false)

    public init() {}

    /// Asks whoever fetches to stop.
    public func request() { flag.store(true, ordering: .relaxed) }

    /// Whether a stop was asked for.
    public var isRequested: Bool { flag.load(ordering: .relaxed) }

    func check() throws(HubError) {
        if isRequested { throw HubError(.interrupted, "interrupted; what came is kept, and the next fetch goes on") }
    }
}

/// How often a request is tried again, and how long is waited before.
public struct Patience: Sendable {
    /// Failures in a row, without a byte in between, before giving up.
    public var retries = 5
    /// The wait before the first retry; it doubles from one to the next.
    public var firstWait: Duration = .seconds(1)
    /// The longest wait, also where the server asks for one.
    public var longestWait: Duration = .seconds(300)
    /// Seconds until a connection is given up.
    public var connectSeconds = 20
    /// Seconds without a byte until an answer is given up.
    public var stallSeconds = 60
    /// Passes the time, in slices short enough for an interruption.
    public var pause: @Sendable (Duration) -> Void

    /// Waits really, unless another way to pass the time is given.
    public init(pause: (@Sendable (Duration) -> Void)? = nil) {
        self.pause =
            pause ?? { duration in
                let (seconds, attoseconds) = duration.components
                Thread.sleep(forTimeInterval: Double(seconds) + Double(attoseconds) * 1e-18)
            }
    }

    private static let slice: Duration = .milliseconds(100)

    /// Waits unless interrupted.
    func wait(_ duration: Duration, _ interruption: Interruption) throws(HubError) {
        var rest = duration
        while rest > .zero {
            try interruption.check()
            pause(min(rest, Self.slice))
            rest -= Self.slice
        }
        try interruption.check()
    }

    /// The wait before a retry.
    ///
    /// - Parameters:
    ///   - attempt: 0 before the first.
    ///   - asked: what the server asked for.
    /// - Throws: `error` where retries are used up or the server asks for more patience than there is.
    func wait(before attempt: Int, asked: Duration?, error: HubError) throws(HubError) -> Duration {
        guard attempt < retries else {
            throw HubError(error.kind, "\(error.description); gave up after \(counted(retries + 1, "attempt"))")
        }
        if let asked {
            guard asked <= longestWait else {
                throw HubError(
                    error.kind,
                    "\(error.description); it asks to come back in \(counted(asked.components.seconds, "second"))")
            }
            return asked
        }
        return min(longestWait, firstWait * (1 << min(attempt, 20)))
    }
}
