/// The mean difference of two systems' values on the same documents.
public struct PairedMean: Sendable, Equatable {
    /// The candidate's mean less the baseline's.
    public let difference: Double
    /// √(Σ(d − d̄)²/(n − 1))/√n, or nil for a single document.
    public let standardError: Double?
    /// The percentile bootstrap interval of `difference` at 95 %; nil for a single document, without resamples, or where a
    /// difference is not finite.
    ///
    /// From ``drawnInterval(of:resamples:)`` or, where that is closer, ``expandedInterval(of:)``.
    public let interval: ConfidenceInterval?

    /// The resamples of an interval unless told otherwise.
    public static let resamples = 10_000

    /// The mean over documents, of which there is at least one, in their order; candidate less baseline.
    public init(differences: [Double], resamples: Int = PairedMean.resamples) {
        precondition(!differences.isEmpty, "a mean needs a value")
        let count = Double(differences.count)
        let mean = differences.reduce(0, +) / count
        difference = mean
        guard differences.count > 1, differences.allSatisfy(\.isFinite) else {
            standardError = nil
            interval = nil
            return
        }
        let squares = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        standardError = (squares / (count - 1) / count).squareRoot()
        interval =
            resamples == 0
            ? nil
            : PairedMean.expandedInterval(of: differences)
                ?? PairedMean.drawnInterval(of: differences, resamples: resamples)
    }
}

extension PairedMean {
    /// The percentile interval of resampled means, drawn as ``bootstrapMeans(_:iterations:)`` draws them: equal values in
    /// equal order give an equal interval. Nil without values or resamples.
    ///
    /// An end is off by the drawing: at 10,000 resamples by 2.7 % of the standard error (one standard deviation).
    public static func drawnInterval(of values: [Double], resamples: Int) -> ConfidenceInterval? {
        ConfidenceInterval.percentile(of: bootstrapMeans(values, iterations: resamples))
    }

    /// What `drawnInterval` approaches with ever more resamples, by Cornish and Fisher's expansion of a quantile (1938);
    /// nil where the expansion may be off by more than ten thousand draws are.
    ///
    /// The cumulants of a resampled mean are known without drawing: with mⱼ the values' central moments, its variance is
    /// m₂/n, its skewness s = m₃/m₂^1.5/√n and its excess kurtosis k = (m₄/m₂² − 3)/n. The quantile at z normal deviations
    /// is z + (z² − 1)s/6 + (z³ − 3z)k/24 − (2z³ − 5z)s²/36 of its deviations from the mean. It is taken for 200 values
    /// and more with |s| ≤ 0.2 and |k| ≤ 0.1, where the terms left out are below 0.01.
    public static func expandedInterval(of values: [Double]) -> ConfidenceInterval? {
        let count = Double(values.count)
        guard values.count >= 200 else { return nil }
        let mean = values.reduce(0, +) / count
        var (second, third, fourth) = (0.0, 0.0, 0.0)
        for value in values {
            let distance = value - mean
            let square = distance * distance
            second += square / count
            third += square * distance / count
            fourth += square * square / count
        }
        guard second > 0 else { return nil }
        let skewness = third / (second * second.squareRoot()) / count.squareRoot()
        let kurtosis = (fourth / (second * second) - 3) / count
        guard abs(skewness) <= 0.2, abs(kurtosis) <= 0.1 else { return nil }
        func end(_ z: Double) -> Double {
            let cube = z * z * z
            let deviations =
                z + (z * z - 1) * skewness / 6 + (cube - 3 * z) * kurtosis / 24
                - (2 * cube - 5 * z) * skewness * skewness / 36
            return mean + deviations * (second / count).squareRoot()
        }
        let z = ConfidenceInterval.criticalValue
        return ConfidenceInterval(lower: end(-z), upper: end(z))
    }
}
