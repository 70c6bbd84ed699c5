/// The mean difference of two systems' values on the same documents.
public struct PairedMean: Sendable, Equatable {
    /// The candidate's mean less the baseline's.
    public let difference: Double
    /// √(Σ(d − d̄)²/(n − 1))/√n, or nil for a single document.
    public let standardError: Double?
    /// The percentile bootstrap interval of `difference` at 95 %; nil for a single document, without resamples, or where a
    /// difference is not finite.
    ///
    /// Its ends are off by the drawing: at 10,000 resamples by about 3 % of the standard error (one standard deviation).
    public let interval: ConfidenceInterval?

    /// The resamples of an interval unless told otherwise.
    public static let resamples = 10_000

    /// The mean over documents, of which there is at least one, in their order; candidate less baseline.
    ///
    /// Resamples are drawn as ``bootstrapMeans(_:iterations:)`` draws them: equal differences give an equal interval.
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
        interval = ConfidenceInterval.percentile(of: bootstrapMeans(differences, iterations: resamples))
    }
}
