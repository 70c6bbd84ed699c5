import Benchmarks
import Store

/// A run's results, computed from its stored rows in document order: equal rows give an equal report.
public struct RunReport: Sendable {
    public let run: RunRecord
    public let models: [ManifestModel]
    public let benchmarks: [BenchmarkRecord]
    /// In the manifest's order.
    public let cells: [CellReport]
    public let failures: [FailureRecord]
    /// How many resamples the standard error of a perplexity is drawn from.
    public let bootstrapIterations: Int
    /// How many rows contradict a stored one.
    public let disagreements: Int

    /// Reads and aggregates a run; one consistent state if `view` is.
    ///
    /// `bootstrapIterations` resamples go into the standard error of a perplexity; 0 leaves it out.
    public init(
        _ view: StoreView, run: String, bootstrapIterations: Int = Perplexity.bootstrapIterations
    ) throws {
        self.bootstrapIterations = bootstrapIterations
        self.run = try view.run(run)
        models = try view.models(run: run)
        benchmarks = try view.benchmarks(run: run)
        failures = try view.failures(run: run)
        disagreements = try view.disagreements(run: run).count
        var shelf = DocumentShelf(view, benchmarks: benchmarks)
        cells = try view.cells(run: run).map { cell in
            CellReport(cell, try shelf.scores(of: cell), bootstrapIterations: bootstrapIterations)
        }
    }

    /// Whether the stored rows equal the manifest.
    public var isComplete: Bool { run.rows == run.rowsExpected }
}

/// A cell's metrics over the rows that are stored.
public struct CellReport: Sendable {
    public let cell: CellRecord
    public let benchmark: BenchmarkName
    public let aggregate: Aggregate
    /// The achieved reduction of FLOPs without the head, 0…1, averaged over tokens; nil without rows.
    public let flopsReduction: Double?
    /// The same with the head.
    public let flopsReductionWithHead: Double?
    /// Input tokens of the stored rows.
    public let tokens: Int
    /// The engines that computed the rows, sorted.
    public let engines: [String]

    init(_ cell: CellRecord, _ scores: CellScores, bootstrapIterations: Int) {
        self.cell = cell
        benchmark = scores.benchmark
        aggregate = scores.benchmark.aggregate(
            scores.scored.map(\.metrics), bootstrapIterations: bootstrapIterations)
        flopsReduction = scores.weightedMean(\.flopsReduction)
        flopsReductionWithHead = scores.weightedMean(\.flopsReductionWithHead)
        tokens = scores.tokens
        engines = scores.engines
    }
}
