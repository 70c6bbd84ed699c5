import Benchmarks
import Statistics
import Store

/// A cell as a comparison reads it: who it is, and what was decided on each document.
struct ComparableCell: Sendable {
    /// What tells one document of a benchmark from another: its content, and its place among equal ones.
    struct DocumentKey: Hashable {
        let hash: String
        let occurrence: Int
    }

    /// A scored document.
    struct Row {
        let document: Int
        let key: DocumentKey
        let gold: Int?
        let decision: Decision
        /// Of a benchmark with a perplexity.
        let loglikelihood: Double?
    }

    let side: Comparison.Side
    let benchmark: BenchmarkName
    /// In document order.
    let rows: [Row]

    init(_ side: Comparison.Side, _ scores: CellScores) {
        self.side = side
        benchmark = scores.benchmark
        // Occurrences are counted over the whole manifest, so that missing rows do not shift them.
        var seen: [String: Int] = [:]
        var scored = scores.scored[...]
        rows = scores.documents.compactMap { document in
            let occurrence = seen[document.documentHash, default: 0]
            seen[document.documentHash] = occurrence + 1
            guard let row = scored.first, row.document.index == document.index else { return nil }
            scored.removeFirst()
            return Row(
                document: document.index, key: DocumentKey(hash: document.documentHash, occurrence: occurrence),
                gold: document.gold, decision: row.decision, loglikelihood: row.metrics.loglikelihood)
        }
    }
}

/// What the cells of a run are, from its manifest.
struct CellIdentities {
    private let run: RunRecord
    private let models: [String: ManifestModel]
    private let benchmarks: [String: BenchmarkRecord]
    private let labels: ReductionLabels

    init(run: RunRecord, models: [ManifestModel], benchmarks: [BenchmarkRecord], cells: [CellRecord]) {
        self.run = run
        self.models = Dictionary(models.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.benchmarks = Dictionary(benchmarks.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        labels = ReductionLabels(cells.map(\.reduction))
    }

    func side(of cell: CellRecord, _ scores: CellScores) -> Comparison.Side {
        let benchmark = benchmarks[cell.benchmark]
        return Comparison.Side(
            run: run.run, model: cell.model, modelSHA256: models[cell.model]?.sha256 ?? "", reduction: cell.reduction,
            label: labels[cell.reduction], precision: cell.precision, dataSHA256: benchmark?.dataSHA256 ?? "",
            tokenizerSHA256: benchmark?.tokenizerSHA256 ?? "", build: run.build,
            engines: Set(scores.scored.map(\.score.identity)).sorted(),
            flopsReduction: scores.weightedMean(\.flopsReduction), rows: cell.rows, rowsExpected: cell.rowsExpected,
            ties: scores.ties)
    }
}

extension CellScores {
    /// The documents whose decision hangs by nothing or by less than a score's drift.
    var ties: Ties {
        Ties(
            tied: scored.filter(\.decision.isTie).map(\.document.index),
            nearlyTied: scored.filter(\.decision.isNearTie).map(\.document.index))
    }
}
