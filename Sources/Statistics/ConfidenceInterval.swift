/// A two-sided interval that covers the true value in 95 of 100 repetitions.
public struct ConfidenceInterval: Sendable, Equatable {
    /// The lower end.
    public let lower: Double
    /// The upper end.
    public let upper: Double

    /// An interval from its ends.
    public init(lower: Double, upper: Double) {
        self.lower = lower
        self.upper = upper
    }

    /// The share of repetitions that an interval covers.
    public static let level = 0.95

    /// The share that it leaves out on either side.
    static let tail = 0.025

    /// The standard normal's quantile at the interval's upper end, about 1.96.
    static let criticalValue = -Normal.quantile(tail)

    /// Whether a value lies in the interval or at an end.
    public func contains(_ value: Double) -> Bool { lower <= value && value <= upper }

    /// Wilson's score interval of a proportion (E. B. Wilson, 1927), which stays in 0…1 and keeps its width when all or
    /// none succeed; nil without trials.
    public static func wilson(successes: Int, trials: Int) -> ConfidenceInterval? {
        precondition(successes >= 0 && successes <= trials, "at most all trials succeed")
        guard trials > 0 else { return nil }
        let count = Double(trials)
        let square = criticalValue * criticalValue
        let (right, wrong) = (Double(successes), Double(trials - successes))
        let centre = (right + square / 2) / (count + square)
        let reach = criticalValue * (right * wrong / count + square / 4).squareRoot() / (count + square)
        return ConfidenceInterval(
            lower: successes == 0 ? 0 : centre - reach, upper: successes == trials ? 1 : centre + reach)
    }

    /// The normal interval of a mean with a known standard error.
    public static func normal(mean: Double, standardError: Double) -> ConfidenceInterval {
        ConfidenceInterval(
            lower: mean - criticalValue * standardError, upper: mean + criticalValue * standardError)
    }

    /// The percentile interval of a statistic's resamples: the values with 2.5 % of the resamples at or beyond them on
    /// either side; nil without resamples or with one that is not a number.
    ///
    /// Both ends are counted from their own side, so that the interval of the negated values is the mirror image.
    public static func percentile(of resamples: [Double]) -> ConfidenceInterval? {
        guard !resamples.isEmpty, !resamples.contains(where: \.isNaN) else { return nil }
        let sorted = resamples.sorted()
        let beyond = Int((tail * Double(sorted.count)).rounded(.up))
        let place = max(0, beyond - 1)
        return ConfidenceInterval(lower: sorted[place], upper: sorted[sorted.count - 1 - place])
    }
}
