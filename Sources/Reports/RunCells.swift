import Benchmarks
import Store

/// A run's manifest, and its cells read one after another.
struct RunCells {
    let run: RunRecord
    let models: [ManifestModel]
    let benchmarks: [BenchmarkRecord]
    /// Those that score documents, and those that measure.
    private let records, measured: [CellRecord]
    private let identities: CellIdentities
    private let view: StoreView

    init(_ view: StoreView, run: String) throws {
        self.view = view
        self.run = try view.run(run)
        models = try view.models(run: run)
        benchmarks = try view.benchmarks(run: run)
        let cells = try view.cells(run: run)
        records = cells.filter { $0.measure == nil }
        measured = cells.filter { $0.measure != nil }
        identities = CellIdentities(run: self.run, models: models, benchmarks: benchmarks, cells: records)
    }

    /// What `make` makes of each cell and its scores, in the manifest's order; one cell's scores are held at a time.
    func map<Value>(_ make: (CellRecord, CellScores) throws -> Value) throws -> [Value] {
        var shelf = DocumentShelf(view, benchmarks: benchmarks)
        return try records.map { try make($0, shelf.scores(of: $0)) }
    }

    /// What was measured, in the manifest's order.
    func measurements(_ failures: [FailureRecord]) throws -> [CellMeasurement] {
        try measured.map { cell in
            guard let measure = cell.measure.flatMap(Measure.init(canonicalJSON:)) else {
                throw ReportError.unknownMeasure(cell.measure ?? "")
            }
            return try CellMeasurement(cell, measure, view, failures: failures)
        }
    }

    /// A cell as a comparison reads it.
    func comparable(_ record: CellRecord, _ scores: CellScores) -> ComparableCell {
        ComparableCell(identities.side(of: record, scores), scores)
    }
}
