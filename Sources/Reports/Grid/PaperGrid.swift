import Benchmarks
import Foundation
import Store

/// A run in the layout of the paper's main tables: a row for each model and reduction, a column for each figure.
struct PaperGrid: Sendable {
    /// One model under one reduction at one precision.
    struct Row: Sendable {
        let model: String
        let precision: String
        let reduction: ReductionSettings
        /// What tells the reduction from its siblings beside method and target, such as `released, sequence`; often
        /// empty.
        let details: String
        /// The reduction's whole label, unlike every other's of the run.
        let label: String
        let figures: [PaperColumn: Figure]
        /// How many of the six accuracies are complete.
        let completeAccuracies: Int
        /// Achieved without the head, 0…1, averaged over the input tokens of all benchmarks; nil without rows.
        let flopsReduction: Double?
        /// The same with the head.
        let flopsReductionWithHead: Double?
        /// Achieved without the head by benchmark.
        let flopsReductions: [BenchmarkName: Double]
        /// Rows stored and expected over all benchmarks.
        let rows, rowsExpected: Int

        var isNone: Bool { reduction.method == "none" }

        var hasPrinted: Bool { figures.values.contains { $0.printed != nil } }

        /// The table whose row stands beside this one.
        var printedTable: Int? { PaperColumn.allCases.lazy.compactMap { figures[$0]?.printed?.table }.first }

        /// What the average's cell says where there is no average.
        var averageGap: String { "\(completeAccuracies)/\(PaperColumn.accuracies.count)" }

        /// What was saved on a column's documents, without the head.
        func flopsReduction(of column: PaperColumn) -> Double? {
            column.benchmark.map { flopsReductions[$0] } ?? flopsReduction
        }

        /// A column's figure as text, marked when it is partial; what an empty cell says otherwise.
        func text(_ column: PaperColumn) -> String {
            guard let figure = figures[column] else { return column == .average ? averageGap : "" }
            var text = column.text(figure.value)
            if let error = column.errorText(figure) { text += " ± " + error }
            return text + (figure.isPartial ? "*" : "")
        }
    }

    let rows: [Row]

    /// The models in the manifest's order.
    var models: [String] { rows.map(\.model).firstOccurrences }

    /// Whether rows differ in precision, so that it must be shown.
    var showsPrecision: Bool { Set(rows.map(\.precision)).count > 1 }

    /// Whether rows need the column of details.
    var showsDetails: Bool { rows.contains { !$0.details.isEmpty } }

    var isPartial: Bool { rows.contains { $0.rows < $0.rowsExpected } }

    /// What is odd about printed figures, once each, in the table's order.
    var notes: [String] {
        rows.flatMap { row in PaperColumn.allCases.compactMap { row.figures[$0]?.printed?.note } }.firstOccurrences
    }
}

extension RunReport {
    /// The run in the paper's layout.
    var paperGrid: PaperGrid {
        let labels = ReductionLabels(cells.map(\.cell.reduction))
        let shapes = Dictionary(models.map { ($0.id, $0.publishedShape) }, uniquingKeysWith: { first, _ in first })
        return PaperGrid(
            rows: groups.map { group in
                PaperGrid.Row(group, labels, shape: shapes[group[0].cell.model] ?? nil, benchmarks: benchmarks)
            })
    }
}

extension PaperGrid.Row {
    /// The cells of one model, reduction and precision.
    fileprivate init(_ cells: [CellReport], _ labels: ReductionLabels, shape: String?, benchmarks: [BenchmarkRecord]) {
        let cell = cells[0].cell
        model = cell.model
        precision = cell.precision
        reduction = labels.settings(cell.reduction)
        details = labels.details(cell.reduction)
        label = labels[cell.reduction]
        let match = PrintedMatch(model: cell.model, shape: shape, reduction: reduction)
        let whole = Set(
            benchmarks.filter { record in
                record.limit == nil && record.examples == record.documents
                    && BenchmarkName(rawValue: record.name)?.description.publishedCount == record.documents
            }.map(\.name))
        var figures: [PaperColumn: Figure] = [:]
        for column in PaperColumn.allCases {
            guard let benchmark = column.benchmark, let metric = column.metric,
                let cell = cells.first(where: { $0.benchmark == benchmark }), var figure = Figure(cell, metric)
            else { continue }
            if whole.contains(benchmark.rawValue) { figure.printed = match?.printed(column) }
            figures[column] = figure
        }
        let accuracies = PaperColumn.accuracies.compactMap { figures[$0] }.filter { !$0.isPartial }
        completeAccuracies = accuracies.count
        if accuracies.count == PaperColumn.accuracies.count, var average = Figure(meanOf: accuracies) {
            if PaperColumn.accuracies.allSatisfy({ $0.benchmark.map { whole.contains($0.rawValue) } ?? false }) {
                average.printed = match?.printed(.average)
            }
            figures[.average] = average
        }
        self.figures = figures
        flopsReduction = PaperGrid.Row.mean(cells, \.flopsReduction)
        flopsReductionWithHead = PaperGrid.Row.mean(cells, \.flopsReductionWithHead)
        flopsReductions = Dictionary(
            cells.compactMap { cell in cell.flopsReduction.map { (cell.benchmark, $0) } },
            uniquingKeysWith: { first, _ in first })
        rows = cells.reduce(0) { $0 + $1.cell.rows }
        rowsExpected = cells.reduce(0) { $0 + $1.cell.rowsExpected }
    }

    /// The mean over input tokens.
    private static func mean(_ cells: [CellReport], _ value: (CellReport) -> Double?) -> Double? {
        var (sum, weight) = (0.0, 0.0)
        for cell in cells {
            guard let value = value(cell) else { continue }
            let tokens = Double(max(1, cell.tokens))
            sum += value * tokens
            weight += tokens
        }
        return weight > 0 ? sum / weight : nil
    }
}

extension PrintedMatch {
    fileprivate func printed(_ column: PaperColumn) -> PrintedFigure? {
        figure(column).map { PrintedFigure(table: $0.row.table, value: $0.value, note: note(column)) }
    }
}

extension ManifestModel {
    /// The published model of these dimensions, where the summary says so.
    var publishedShape: String? {
        struct Summary: Decodable {
            let publishedShape: String?
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return (try? decoder.decode(Summary.self, from: Data(summary.utf8)))?.publishedShape
    }
}
