import Store

/// A run's manifest, and its cells read one after another.
struct RunCells {
    let run: RunRecord
    let models: [ManifestModel]
    let benchmarks: [BenchmarkRecord]
    private let records: [CellRecord]
    private let identities: CellIdentities
    private let view: StoreView

    init(_ view: StoreView, run: String) throws {
        self.view = view
        self.run = try view.run(run)
        models = try view.models(run: run)
        benchmarks = try view.benchmarks(run: run)
        records = try view.cells(run: run)
        identities = CellIdentities(run: self.run, models: models, benchmarks: benchmarks, cells: records)
    }

    /// What `make` makes of each cell and its scores, in the manifest's order; one cell's scores are held at a time.
    func map<Value>(_ make: (CellRecord, CellScores) throws -> Value) throws -> [Value] {
        var shelf = DocumentShelf(view, benchmarks: benchmarks)
        return try records.map { try make($0, shelf.scores(of: $0)) }
    }

    /// A cell as a comparison reads it.
    func comparable(_ record: CellRecord, _ scores: CellScores) -> ComparableCell {
        ComparableCell(identities.side(of: record, scores), scores)
    }
}
