/// A benchmark's metrics over its documents.
public struct Aggregate: Sendable, Equatable {
    /// One metric over all documents.
    public struct Entry: Sendable, Equatable {
        /// Which metric.
        public let metric: Metric
        /// Its value.
        public let value: Double
        /// Its standard error, or nil where it is not defined.
        public let standardError: Double?
    }

    /// The number of documents.
    public let count: Int
    /// The metrics in the order of lm-evaluation-harness's tables.
    public let entries: [Entry]

    /// The entry of a metric, where the benchmark has it.
    public subscript(metric: Metric) -> Entry? { entries.first { $0.metric == metric } }

    /// The same with a perplexity that was computed together with others': see ``Perplexity/all(_:bootstrapIterations:)``.
    public func with(_ perplexity: Perplexity) -> Aggregate {
        Aggregate(
            count: count,
            entries: entries.map { entry in
                guard entry.metric == .perplexity else { return entry }
                return Entry(metric: .perplexity, value: perplexity.value, standardError: perplexity.standardError)
            })
    }
}

extension BenchmarkName {
    /// The metrics over documents, which must come in document order for the sums to have the same bits every time.
    ///
    /// No documents give no entries. `bootstrapIterations` of 0 leaves perplexity without a standard error.
    public func aggregate(
        _ documents: [DocumentMetrics], bootstrapIterations: Int = Perplexity.bootstrapIterations
    ) -> Aggregate {
        let entries = description.metrics.compactMap { metric -> Aggregate.Entry? in
            let values = documents.compactMap { $0[metric] }
            guard !values.isEmpty else { return nil }
            if metric == .perplexity {
                let perplexity = Perplexity(loglikelihoods: values, bootstrapIterations: bootstrapIterations)
                return .init(metric: metric, value: perplexity.value, standardError: perplexity.standardError)
            }
            let mean = Mean(values)
            return .init(metric: metric, value: mean.value, standardError: mean.standardError)
        }
        return Aggregate(count: documents.count, entries: entries)
    }
}
