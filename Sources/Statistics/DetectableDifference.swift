/// How small a difference of accuracies the exact McNemar test could have found.
///
/// The test rejects at α = 0.05, two-sided, before any correction for several tests, and finds a difference if it rejects
/// with a probability (its power) of 0.8. The power is that of the exact test itself, which rejects less often than α,
/// summed over the number of discordant documents and how they fall. What it assumes: documents are independent, and the
/// discordant share ψ is the observed one; where ψ is so small that not even differences of one direction only would be
/// found, the smallest ψ that would, and the difference equals it.
public enum DetectableDifference {
    /// The probability of a false rejection.
    public static let significance = 0.05
    /// The probability of finding the difference.
    public static let power = 0.8

    /// The smallest detectable difference of accuracies, above 0 and at most 1; nil if there is none.
    public static func minimum(documents: Int, discordantShare: Double) -> Double? {
        precondition(documents >= 0 && (0...1).contains(discordantShare))
        guard power(documents: documents, discordantShare: 1, difference: 1) >= power else { return nil }
        let share = discordantShare
        let isOneSided = share == 0 || power(documents: documents, discordantShare: share, difference: share) < power
        if isOneSided {
            func excess(_ share: Double) -> Double {
                power(documents: documents, discordantShare: share, difference: share) - power
            }
            var high = max(share, min(1, 6 / Double(documents)))
            while excess(high) < 0, high < 1 { high = min(1, 2 * high) }
            return root(from: share, to: high, excess)
        }
        let test = RejectionRegion(documents: documents, discordantShare: share)
        // Were the test a normal one, it would find 2.8 standard errors of a difference around 0.
        var high = min(share, 4 * (share / Double(documents)).squareRoot())
        while test.power(difference: high) < power { high = min(share, 2 * high) }
        return root(from: 0, to: high) { test.power(difference: $0) - power }
    }

    /// The probability that the test rejects when a share ψ of the documents is discordant and the accuracies differ by
    /// `difference`, at most ψ.
    public static func power(documents: Int, discordantShare: Double, difference: Double) -> Double {
        RejectionRegion(documents: documents, discordantShare: discordantShare).power(difference: difference)
    }

    /// The place where a rising function crosses 0 between two places on either side of it, to 1e-8: the false position
    /// of Dowell and Jarratt (Illinois), which halves the value of an end that stays.
    private static func root(from low: Double, to high: Double, _ function: (Double) -> Double) -> Double {
        var (low, high) = (low, high)
        var (below, above) = (function(low), function(high))
        var last = 0
        for _ in 0..<100 where high - low > 1e-9 {
            let middle = above > below ? (low * above - high * below) / (above - below) : (low + high) / 2
            let value = function(middle)
            if abs(value) < 1e-8 { return middle }
            if value > 0 {
                (high, above) = (middle, value)
                if last > 0 { below /= 2 }
                last = 1
            } else {
                (low, below) = (middle, value)
                if last < 0 { above /= 2 }
                last = -1
            }
        }
        return (low + high) / 2
    }
}

/// For each likely number of discordant documents, how uneven they must fall for the exact test to reject.
private struct RejectionRegion {
    private let share: Double
    private let first: Int
    private let weights: [Double]
    /// The largest count of the rarer direction at which the test rejects; −1 where it never does.
    private let critical: [Int]

    init(documents: Int, discordantShare: Double) {
        share = discordantShare
        let likely = Binomial(trials: documents, probability: discordantShare).weights(atLeast: 1e-12)
        first = likely.first
        weights = likely.masses
        var largest = -1
        critical = likely.masses.indices.map { place in
            let test = Binomial(trials: likely.first + place, probability: 0.5)
            if place == 0 { largest = RejectionRegion.guess(test.trials) }
            while largest >= 0, 2 * test.lowerTail(largest) > DetectableDifference.significance { largest -= 1 }
            while 2 * test.lowerTail(largest + 1) <= DetectableDifference.significance { largest += 1 }
            return largest
        }
    }

    private static func guess(_ discordant: Int) -> Int {
        let count = Double(discordant)
        return max(-1, Int((count / 2 - count.squareRoot()).rounded(.down)))
    }

    func power(difference: Double) -> Double {
        guard share > 0 else { return 0 }
        let gained = min(1, (share + difference) / (2 * share))
        var sum = 0.0
        for (place, weight) in weights.enumerated() where critical[place] >= 0 {
            let trials = first + place
            let many = Binomial(trials: trials, probability: 1 - gained).lowerTail(critical[place])
            let few = Binomial(trials: trials, probability: gained).lowerTail(critical[place])
            sum += weight * (many + few)
        }
        return min(1, sum)
    }
}
