import Synchronization

/// Where the time of a computation went, in seconds by kind of operation.
public struct Profile: Sendable, Equatable {
    /// A kind of operation.
    public enum Part: String, Sendable, CaseIterable {
        /// Projections.
        case products
        case convolution
        case scan
        /// Norms and gates.
        case norms
        /// Rating targets: the head's product, softmax and greedy choice.
        case head
        /// Token reduction: importance, matching, the decision on the host, and the rows that move.
        case reduction
        /// Everything else: embedding, the residual's sums, states that are copied, and the host between operations.
        case rest
    }

    private var seconds = [Double](repeating: 0, count: Part.allCases.count)

    public init() {}

    /// The seconds that a part took.
    public subscript(part: Part) -> Double {
        get { seconds[Profile.index(part)] }
        set { seconds[Profile.index(part)] = newValue }
    }

    /// All parts together.
    public var total: Double { seconds.reduce(0, +) }

    private static func index(_ part: Part) -> Int { Part.allCases.firstIndex(of: part) ?? 0 }
}

/// Adds up a profile while operations run, one at a time.
final class Stopwatch: Sendable {
    private struct State {
        var profile = Profile()
        var isRunning = false
    }

    private let state = Mutex(State())

    /// Adds the time of `work` to a part, unless it is within work that is timed already.
    func time<Result>(_ part: Profile.Part, _ work: () throws -> Result) rethrows -> Result {
        let isOutermost = state.withLock { state in
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard isOutermost else { return try work() }
        let start = ContinuousClock.now
        defer {
            let seconds = start.duration(to: .now) / .seconds(1)
            state.withLock { state in
                state.profile[part] += seconds
                state.isRunning = false
            }
        }
        return try work()
    }

    /// What was added up since the last call.
    func take() -> Profile {
        state.withLock { state in
            defer { state.profile = Profile() }
            return state.profile
        }
    }
}
