import Foundation

/// The binomial distribution: successes among `trials` that each succeed with `probability`.
public struct Binomial: Sendable {
    /// The number of trials.
    public let trials: Int
    /// The probability that one succeeds.
    public let probability: Double

    /// A distribution from its parameters.
    public init(trials: Int, probability: Double) {
        precondition(trials >= 0 && (0...1).contains(probability))
        self.trials = trials
        self.probability = probability
    }

    /// The probability of exactly `successes`.
    ///
    /// The saddle-point form of C. Loader (Fast and accurate computation of binomial probabilities, 2000): Stirling's
    /// formula with its error made good, so that no two large logarithms cancel.
    public func mass(_ successes: Int) -> Double {
        guard (0...trials).contains(successes) else { return 0 }
        if probability == 0 || probability == 1 { return successes == (probability == 0 ? 0 : trials) ? 1 : 0 }
        if successes == 0 { return pow(1 - probability, Double(trials)) }
        if successes == trials { return pow(probability, Double(trials)) }
        let (all, right, wrong) = (Double(trials), Double(successes), Double(trials - successes))
        let exponent =
            Binomial.stirlingError(trials) - Binomial.stirlingError(successes)
            - Binomial.stirlingError(trials - successes) - Binomial.deviance(right, all * probability)
            - Binomial.deviance(wrong, all * (1 - probability))
        return exp(exponent) * (all / (2 * Double.pi * right * wrong)).squareRoot()
    }

    /// The probability of at most `successes`, to about 13 digits however small it is.
    public func lowerTail(_ successes: Int) -> Double {
        if successes < 0 { return 0 }
        if successes >= trials { return 1 }
        if Double(successes) >= Double(trials) * probability {
            let others = Binomial(trials: trials, probability: 1 - probability)
            return 1 - others.lowerTail(trials - successes - 1)
        }
        if probability == 1 { return 0 }
        // Below the mean every mass is smaller than the next one up: the sum runs down until it does not change.
        let odds = (1 - probability) / probability
        var sum = 1.0
        var term = 1.0
        for count in stride(from: successes, to: 0, by: -1) {
            term *= Double(count) / Double(trials - count + 1) * odds
            sum += term
            if term < sum * 0x1p-54 { break }
        }
        return mass(successes) * sum
    }

    /// The masses that are at least `share` of the largest, and the number of successes of the first of them.
    func weights(atLeast share: Double) -> (first: Int, masses: [Double]) {
        if probability == 0 { return (0, [1]) }
        if probability == 1 { return (trials, [1]) }
        let mode = min(trials, Int(Double(trials + 1) * probability))
        let odds = probability / (1 - probability)
        let peak = mass(mode)
        var below: [Double] = []
        var term = peak
        for count in stride(from: mode, to: 0, by: -1) {
            term *= Double(count) / Double(trials - count + 1) / odds
            if term < peak * share { break }
            below.append(term)
        }
        var masses = Array(below.reversed()) + [peak]
        term = peak
        for count in mode..<trials {
            term *= Double(trials - count) / Double(count + 1) * odds
            if term < peak * share { break }
            masses.append(term)
        }
        return (mode - below.count, masses)
    }

    /// log(n!) − log(√(2πn)·(n/e)ⁿ), for n above 0.
    private static func stirlingError(_ count: Int) -> Double {
        let n = Double(count)
        if count < 16 {
            let factorial = (1...count).reduce(1.0) { $0 * Double($1) }
            return log(factorial) - 0.5 * log(2 * Double.pi * n) - n * log(n) + n
        }
        let square = n * n
        return (1 / 12.0 - (1 / 360.0 - (1 / 1260.0 - (1 / 1680.0 - 1 / 1188.0 / square) / square) / square) / square)
            / n
    }

    /// x·log(x/μ) + μ − x.
    private static func deviance(_ value: Double, _ mean: Double) -> Double {
        let excess = (value - mean) / mean
        return mean * ((1 + excess) * log1p(excess) - excess)
    }
}
