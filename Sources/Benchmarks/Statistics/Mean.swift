import Foundation
import Statistics

/// A mean with its standard error, summed in the order of the values.
public struct Mean: Sendable, Equatable {
    /// Σx / n.
    public let value: Double
    /// sqrt(Σ(x − mean)² / (n − 1)) / sqrt(n), or nil for a single value.
    public let standardError: Double?

    /// The mean of values, of which there is at least one.
    public init(_ values: [Double]) {
        precondition(!values.isEmpty, "a mean needs a value")
        value = sum(values) / Double(values.count)
        standardError = values.count > 1 ? sampleDeviation(values) / Double(values.count).squareRoot() : nil
    }
}

/// Perplexity with its standard error by bootstrap.
public struct Perplexity: Sendable, Equatable {
    /// exp(−mean of the log-likelihoods).
    public let value: Double
    /// The sample deviation of the perplexities of resamples, or nil for a single document or no resamples.
    public let standardError: Double?

    /// The perplexity of documents' log-likelihoods in nats, of which there is at least one.
    ///
    /// `bootstrapIterations` resamples are drawn as lm-evaluation-harness draws them: a thousand a chunk, and chunk
    /// `i` from Python's `random.Random(i).choices`.
    public init(loglikelihoods: [Double], bootstrapIterations: Int = Perplexity.bootstrapIterations) {
        precondition(!loglikelihoods.isEmpty, "a perplexity needs a document")
        value = exp(-(sum(loglikelihoods) / Double(loglikelihoods.count)))
        let resamples =
            loglikelihoods.count > 1
            ? bootstrapMeans(loglikelihoods, iterations: bootstrapIterations).map { exp(-$0) } : []
        standardError = resamples.count > 1 ? sampleDeviation(resamples) : nil
    }

    /// How many resamples lm-evaluation-harness draws unless told otherwise.
    public static let bootstrapIterations = 100_000
}

/// The sum from left to right, as Python up to 3.11 adds floats.
private func sum(_ values: [Double]) -> Double { values.reduce(0, +) }

private func sampleDeviation(_ values: [Double]) -> Double {
    let mean = sum(values) / Double(values.count)
    return (sum(values.map { ($0 - mean) * ($0 - mean) }) / Double(values.count - 1)).squareRoot()
}
