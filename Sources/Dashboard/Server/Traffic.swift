import Synchronization

/// What the server counts of itself.
final class Traffic: Sendable {
    private let counts = Mutex([Int](repeating: 0, count: 5))

    /// An answer was made.
    func answered(_ status: Int) {
        counts.withLock { $0[min(max(status / 100, 1), 5) - 1] += 1 }
    }

    /// Answers by the first digit of their status, from 1.
    var answers: [Int] { counts.withLock { $0 } }
}
