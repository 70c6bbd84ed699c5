/// An allowance that refills as time passes: so much at once, and so much a second in the long run.
struct TokenBucket: Sendable, Equatable {
    /// Refilled a second.
    let rate: Double
    /// The most that it holds; it is full at first.
    let capacity: Double
    private var level: Double
    private var last: Double?

    init(rate: Double, capacity: Double) {
        self.rate = rate
        self.capacity = capacity
        level = capacity
    }

    /// Takes an amount if it is there; false leaves the bucket as it was. `now` is in seconds of any steady clock.
    mutating func take(_ amount: Double, at now: Double) -> Bool {
        level = min(capacity, level + rate * max(0, now - (last ?? now)))
        last = max(now, last ?? now)
        guard level >= amount else { return false }
        level -= amount
        return true
    }
}
