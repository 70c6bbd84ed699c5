import Benchmarks
import Foundation
import Store
import Wording

/// The measurements of one measure as rows of text, for every format that is made of text.
struct EfficiencyTable {
    let measure: Measure
    /// What was measured, in words.
    let title: String
    let headers: [String]
    let rows: [[String]]

    /// The columns that name what was measured; those after them are figures.
    private static let names = ["Model", "Precision", "Method", "Target", "Settings"]

    /// Whether a column is of figures.
    static func isNumeric(_ header: String) -> Bool { !names.contains(header) }

    init(_ measure: Measure, _ report: RunReport) {
        let measurements = report.measurements.filter { $0.measure == measure }
        let labels = ReductionLabels(report.measurements.map(\.cell.reduction))
        let showsPrecision = Set(measurements.map(\.cell.precision)).count > 1
        let showsDetails = measurements.contains { !labels.details($0.cell.reduction).isEmpty }
        self.measure = measure
        title = EfficiencyTable.title(measure)
        headers =
            EfficiencyTable.names.filter {
                ($0 != "Precision" || showsPrecision) && ($0 != "Settings" || showsDetails)
            } + EfficiencyTable.figures(measure.kind)
        rows = measurements.map { measurement in
            let settings = labels.settings(measurement.cell.reduction)
            let names =
                [measurement.cell.model] + (showsPrecision ? [measurement.cell.precision] : [])
                + [settings.method, settings.method == "none" ? "" : settings.target]
                + (showsDetails ? [labels.details(measurement.cell.reduction)] : [])
            return names + EfficiencyTable.figures(measurement, report)
        }
    }

    private static func title(_ measure: Measure) -> String {
        let tokens = counted(measure.promptTokens, "token", isGrouped: true)
        let shape = "\(counted(measure.batch, "sequence", isGrouped: true)) of \(tokens)"
        switch measure.kind {
        case .memory:
            let logits = measure.logits == .last ? "each one's last row rated" : "the logits of all rows held"
            return "Peak memory: one pass over \(shape), \(logits)"
        case .throughput:
            return "Generation: \(shape), \(counted(measure.newTokens ?? 0, "new token", isGrouped: true)) each"
        }
    }

    private static func figures(_ kind: Measure.Kind) -> [String] {
        switch kind {
        case .memory: ["Weights", "Activations", "Peak", "Less", "Printed"]
        case .throughput: ["Tokens/s", "Prompts, s", "Steps, s", "Speed-up", "Range", "Printed"]
        }
    }

    private static func figures(_ measurement: CellMeasurement, _ report: RunReport) -> [String] {
        let printed = report.printed(measurement)
        guard let figures = measurement.figures else {
            let gap = measurement.failure.map(short) ?? "not measured yet"
            let empty = [String](repeating: "", count: EfficiencyTable.figures(measurement.measure.kind).count - 2)
            return [gap] + empty + [printed.map { text($0, measurement.measure.kind) } ?? ""]
        }
        switch measurement.measure.kind {
        case .memory:
            return [
                bytesText(figures.weightBytes), bytesText(figures.activationBytes),
                measurement.peakBytes.map(bytesText) ?? "", percent(report.peakReduction(measurement)),
                percent(printed),
            ]
        case .throughput:
            let range = measurement.speedUpRange.map { "\(decimals($0.lowerBound, 2))–\(decimals($0.upperBound, 2))" }
            return [
                measurement.tokensPerSecond.map { decimals($0, 1) } ?? "",
                measurement.promptSeconds.map { decimals($0, 3) } ?? "",
                measurement.stepSeconds.map { decimals($0, 3) } ?? "",
                measurement.speedUp.map { text($0, .throughput) } ?? "", range ?? "",
                printed.map { text($0, .throughput) } ?? "",
            ]
        }
    }

    private static func text(_ value: Double, _ kind: Measure.Kind) -> String {
        kind == .memory ? percent(value) : decimals(value, 2) + "×"
    }

    /// What a failure's text says first, behind the host that it was met on.
    private static func short(_ failure: String) -> String {
        let text = failure.range(of: "needs ").map { failure[$0.lowerBound...] } ?? failure[...]
        return String(text.prefix { $0 != ":" && !$0.isNewline }.prefix(60))
    }

    /// The table for a terminal.
    var text: String {
        var table = TextTable(columns: headers.map { .init(header: $0, isNumeric: EfficiencyTable.isNumeric($0)) })
        table.rows = rows
        return table.text
    }
}

extension RunReport {
    /// A table for each measure of the run.
    var efficiencyTables: [EfficiencyTable] { measures.map { EfficiencyTable($0, self) } }

    /// What a reader of the measurements must know.
    var efficiencyRemarks: [String] {
        guard !measurements.isEmpty else { return [] }
        var lines: [String] = []
        let kinds = measures.map(\.kind).firstOccurrences
        if kinds.contains(.memory) {
            lines.append(
                "Peak memory is what the engine's own allocator held at most, weights and all else apart; Less is against "
                    + "the unreduced pass of the same model.")
        }
        if kinds.contains(.throughput) {
            lines.append(
                "Tokens/s are new tokens of all sequences by the time of prompts and steps together, of medians; Speed-up "
                    + "is the median over pairs of an unreduced generation and a reduced one right after it on the same "
                    + "worker, Range the least and the largest.")
        }
        if measurements.contains(where: { printed($0) != nil }) {
            let setups = kinds.map(PrintedFigures.setup).joined(separator: "; ")
            lines.append("Printed: Zhan et al., EMNLP 2024 (arXiv 2410.14725), Figures 3–6, on \(setups).")
        }
        if !randomModels.isEmpty {
            lines.append(
                "Random weights of the published shape, for no checkpoint was there: \(randomModels.joined(separator: ", "))"
                    + ". What a pass costs does not depend on them.")
        }
        let engines = Set(measurements.compactMap(\.engine)).sorted()
        if !engines.isEmpty {
            lines.append("Measured by \(engines.map(\.description).joined(separator: "; ")).")
        }
        return lines
    }
}

/// Bytes as people read them: `10.31 GiB`, `512.0 MiB`.
func bytesText(_ bytes: Int) -> String {
    let mebibytes = Double(bytes) / Double(1 << 20)
    return mebibytes >= 1024 ? "\(decimals(mebibytes / 1024, 2)) GiB" : "\(decimals(mebibytes, 1)) MiB"
}
