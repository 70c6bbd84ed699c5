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
        let hasError = loglikelihoods.count > 1 && bootstrapIterations > 1
        self.init(
            loglikelihoods, means: hasError ? bootstrapMeans(loglikelihoods, iterations: bootstrapIterations) : [])
    }

    /// The perplexities of several cells, each as of it alone; cells with as many documents share their draws.
    public static func all(
        _ cells: [[Double]], bootstrapIterations: Int = Perplexity.bootstrapIterations
    ) -> [Perplexity] {
        var perplexities = cells.map { Perplexity($0, means: []) }
        guard bootstrapIterations > 1 else { return perplexities }
        let bySize = Dictionary(grouping: cells.indices.filter { cells[$0].count > 1 }) { cells[$0].count }
        for (_, alike) in bySize.sorted(by: { $0.key < $1.key }) {
            for first in stride(from: 0, to: alike.count, by: cellsTogether) {
                let places = alike.dropFirst(first).prefix(cellsTogether)
                let means = bootstrapMeans(of: places.map { cells[$0] }, iterations: bootstrapIterations)
                for (place, means) in zip(places, means) {
                    perplexities[place] = Perplexity(cells[place], means: means)
                }
            }
        }
        return perplexities
    }

    /// As many as a processor's second cache holds of LAMBADA's.
    private static let cellsTogether = 16

    private init(_ loglikelihoods: [Double], means: [Double]) {
        precondition(!loglikelihoods.isEmpty, "a perplexity needs a document")
        value = exp(-(sum(loglikelihoods) / Double(loglikelihoods.count)))
        standardError = means.count > 1 ? sampleDeviation(means.map { exp(-$0) }) : nil
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
