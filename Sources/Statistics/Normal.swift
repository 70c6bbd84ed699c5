import Foundation

/// The standard normal distribution.
public enum Normal {
    /// The probability of a value at most `value`.
    public static func cumulative(_ value: Double) -> Double { erfc(-value / 2.0.squareRoot()) / 2 }

    /// The value that is not exceeded with a probability strictly between 0 and 1; −∞ at 0 and ∞ at 1.
    ///
    /// Newton's method on the logarithm of the lower tail. That is concave, so that from a start below the quantile it
    /// only rises, and far tails take no special case; the start is where the bound Φ(z) ≤ exp(−z²/2)/2 reaches the
    /// probability.
    public static func quantile(_ probability: Double) -> Double {
        precondition((0...1).contains(probability), "a probability lies between 0 and 1")
        if probability == 0 { return -.infinity }
        if probability > 0.5 { return -quantile(1 - probability) }
        let target = log(probability)
        var value = -(-2 * log(2 * probability)).squareRoot()
        for _ in 0..<100 {
            let tail = cumulative(value)
            let density = exp(-value * value / 2) / (2 * Double.pi).squareRoot()
            let step = (log(tail) - target) * tail / density
            value -= step
            if abs(step) <= 1e-15 * max(1, abs(value)) { break }
        }
        return value
    }
}
