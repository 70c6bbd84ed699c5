import Benchmarks
import Foundation
import Statistics
import Store

/// A run's results, computed from its stored rows in document order: equal rows give an equal report.
public struct RunReport: Sendable {
    public let run: RunRecord
    public let models: [ManifestModel]
    public let benchmarks: [BenchmarkRecord]
    /// In the manifest's order.
    public let cells: [CellReport]
    /// The cells that measure, in the manifest's order.
    public let measurements: [CellMeasurement]
    public let failures: [FailureRecord]
    /// How many resamples the standard error of a perplexity is drawn from.
    public let bootstrapIterations: Int
    /// How many rows contradict a stored one.
    public let disagreements: Int
    /// Its rows that were computed by workers whose keys were revoked after it was over.
    public let tainted: [TaintedRows]
    /// What the run's cells say about one another: methods against no reduction, against the content-free controls, and
    /// the paper's definitions against the released ones, as far as the run has them; none unless they were asked for.
    public let families: [ComparisonFamily]

    /// Reads and aggregates a run; one consistent state if `view` is.
    ///
    /// `bootstrapIterations` resamples go into the standard error of a perplexity; 0 leaves it out. Without `comparing`
    /// there are no `families`.
    public init(
        _ view: StoreView, run: String, bootstrapIterations: Int = Perplexity.bootstrapIterations,
        comparing: Bool = true
    ) throws {
        self.bootstrapIterations = bootstrapIterations
        let source = try RunCells(view, run: run)
        self.run = source.run
        models = source.models
        benchmarks = source.benchmarks
        failures = try view.failures(run: run)
        measurements = try source.measurements(failures)
        disagreements = try view.disagreements(run: run).count
        tainted = try view.rowsOfRevokedWorkers(run: run)
        let read = try source.map { record, scores in
            (
                report: CellReport(record, scores),
                comparable: comparing ? source.comparable(record, scores) : nil
            )
        }
        cells = CellReport.drawingErrors(read.map(\.report), bootstrapIterations: bootstrapIterations)
        families = try ComparisonFamily.families(
            of: read.compactMap(\.comparable), resamples: min(bootstrapIterations, PairedMean.resamples))
    }

    /// Whether the stored rows equal the manifest.
    public var isComplete: Bool { run.rows == run.rowsExpected }
}

/// A cell's metrics over the rows that are stored.
public struct CellReport: Sendable {
    public let cell: CellRecord
    public let benchmark: BenchmarkName
    public private(set) var aggregate: Aggregate
    /// The achieved reduction of FLOPs without the head, 0…1, averaged over tokens; nil without rows.
    public let flopsReduction: Double?
    /// The same with the head.
    public let flopsReductionWithHead: Double?
    /// Input tokens of the stored rows.
    public let tokens: Int
    /// The engines that computed the rows, sorted.
    public let engines: [ScoringEngine]
    /// Decisions that hang by nothing or by less than the drift of a score.
    public let ties: Ties
    private let intervals: [Metric: ConfidenceInterval]
    /// Of a benchmark with a perplexity.
    private let loglikelihoods: [Double]

    /// The cell without the standard error of a perplexity.
    init(_ cell: CellRecord, _ scores: CellScores) {
        self.cell = cell
        benchmark = scores.benchmark
        aggregate = scores.benchmark.aggregate(scores.scored.map(\.metrics), bootstrapIterations: 0)
        loglikelihoods = scores.scored.compactMap(\.metrics.loglikelihood)
        flopsReduction = scores.weightedMean(\.flopsReduction)
        flopsReductionWithHead = scores.weightedMean(\.flopsReductionWithHead)
        tokens = scores.tokens
        engines = scores.engines
        ties = scores.ties
        intervals = CellReport.intervals(scores, aggregate)
    }

    /// The cells with the standard errors of their perplexities, which are drawn for all cells together.
    static func drawingErrors(_ cells: [CellReport], bootstrapIterations: Int) -> [CellReport] {
        let places = cells.indices.filter { !cells[$0].loglikelihoods.isEmpty }
        let perplexities = Perplexity.all(
            places.map { cells[$0].loglikelihoods }, bootstrapIterations: bootstrapIterations)
        var drawn = cells
        for (place, perplexity) in zip(places, perplexities) {
            drawn[place].aggregate = cells[place].aggregate.with(perplexity)
        }
        return drawn
    }

    /// The 95 % confidence interval of a metric over documents like these; nil where it is not defined.
    ///
    /// Wilson's interval for an accuracy. For a perplexity the normal interval of the mean log-likelihood, on
    /// perplexity's scale.
    public func interval(of metric: Metric) -> ConfidenceInterval? { intervals[metric] }

    private static func intervals(_ scores: CellScores, _ aggregate: Aggregate) -> [Metric: ConfidenceInterval] {
        var intervals: [Metric: ConfidenceInterval] = [:]
        for entry in aggregate.entries {
            let values = scores.scored.compactMap { $0.metrics[entry.metric] }
            guard entry.metric == .perplexity else {
                intervals[entry.metric] = .wilson(successes: values.count { $0 == 1 }, trials: values.count)
                continue
            }
            let mean = Mean(values)
            guard let error = mean.standardError, mean.value.isFinite, error.isFinite else { continue }
            let interval = ConfidenceInterval.normal(mean: mean.value, standardError: error)
            intervals[.perplexity] = ConfidenceInterval(lower: exp(-interval.upper), upper: exp(-interval.lower))
        }
        return intervals
    }
}
