import Synchronization

/// A value that one thread notes and another reads.
final class Noted<Value: Sendable>: Sendable {
    private let stored = Mutex<Value?>(nil)

    /// The value noted last.
    var value: Value? { stored.withLock { $0 } }

    func note(_ value: Value) { stored.withLock { $0 = value } }
}
