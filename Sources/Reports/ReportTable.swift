import Benchmarks
import Foundation

extension RunReport {
    /// The report for a terminal: for each model and reduction lm-evaluation-harness's table, then an overview.
    public func table() -> String {
        let labels = ReductionLabels(cells.map(\.cell.reduction))
        var text = "run \(run.run) (\(run.name)): \(summary)\n"
        for group in groups {
            text += "\n\(group[0].cell.model), \(labels[group[0].cell.reduction]), \(group[0].cell.precision)\n\n"
            text += RunReport.harnessTable(group)
        }
        return text + "\nOverview\n\n" + overview(labels) + comparisonText + remarks
    }

    /// The cells of one model, reduction and precision together, in the manifest's order.
    var groups: [[CellReport]] {
        var order: [[String]: Int] = [:]
        var groups: [[CellReport]] = []
        for cell in cells {
            let key = [cell.cell.model, cell.cell.reduction, cell.cell.precision]
            if let place = order[key] {
                groups[place].append(cell)
            } else {
                order[key] = groups.count
                groups.append([cell])
            }
        }
        return groups
    }

    private var summary: String {
        "\(run.state.rawValue), \(run.rows) of \(run.rowsExpected) rows in \(cells.count) cells"
    }

    private static func harnessTable(_ cells: [CellReport]) -> String {
        var table = TextTable(columns: [
            .init(header: "Tasks"), .init(header: "Version", isNumeric: true), .init(header: "Filter"),
            .init(header: "n-shot", isNumeric: true), .init(header: "Metric"), .init(header: ""),
            .init(header: "Value", isNumeric: true), .init(header: ""), .init(header: "Stderr", isNumeric: true),
        ])
        for cell in cells.sorted(by: { $0.cell.benchmark < $1.cell.benchmark }) {
            let version = cell.benchmark.description.version
            let entries = cell.aggregate.entries.sorted { $0.metric.rawValue < $1.metric.rawValue }
            for (position, entry) in entries.enumerated() {
                table.rows.append([
                    position > 0 ? "" : cell.cell.benchmark + (cell.cell.isComplete ? "" : " (partial)"),
                    position > 0 ? "" : version == version.rounded() ? String(Int(version)) : version.description,
                    "none", "0", entry.metric.rawValue, entry.metric.isHigherBetter ? "↑" : "↓",
                    fourDecimals(entry.value), "±", entry.standardError.map(fourDecimals) ?? "N/A",
                ])
            }
            if entries.isEmpty {
                table.rows.append([cell.cell.benchmark + " (no rows)", "", "none", "0", "", "", "", "", ""])
            }
        }
        return table.text
    }

    private func overview(_ labels: ReductionLabels) -> String {
        var table = TextTable(columns: [
            .init(header: "Model"), .init(header: "Method"), .init(header: "Benchmark"),
            .init(header: "acc", isNumeric: true), .init(header: "acc_norm", isNumeric: true),
            .init(header: "PPL", isNumeric: true), .init(header: "FLOPs saved", isNumeric: true),
            .init(header: "Documents", isNumeric: true),
        ])
        for cell in cells {
            table.rows.append([
                cell.cell.model, labels[cell.cell.reduction], cell.cell.benchmark,
                RunReport.withError(cell.aggregate[.accuracy]),
                RunReport.withError(cell.aggregate[.normalizedAccuracy]),
                cell.aggregate[.perplexity].map { fourDecimals($0.value) } ?? "",
                cell.flopsReduction.map { String(format: "%.1f %%", $0 * 100) } ?? "",
                cell.cell.isComplete
                    ? "\(cell.cell.rows)" : "partial: \(cell.cell.rows) of \(cell.cell.rowsExpected)",
            ])
        }
        return table.text
    }

    private static func withError(_ entry: Aggregate.Entry?) -> String {
        guard let entry else { return "" }
        guard let error = entry.standardError else { return fourDecimals(entry.value) }
        return "\(fourDecimals(entry.value)) ± \(fourDecimals(error))"
    }

    /// What a reader of the figures must know.
    private var remarks: String {
        var lines = failures.map { failure in
            "failed: \(failure.model), \(failure.benchmark), documents "
                + failure.examples.map(String.init).joined(separator: " ") + ": \(failure.detail)"
        }
        if !isComplete {
            lines.append("\(run.rowsExpected - run.rows) rows are missing: figures marked partial are not final")
        }
        if disagreements > 0 {
            lines.append("\(disagreements) repeated rows differ from the stored ones: see the store's disagreements")
        }
        return lines.isEmpty ? "" : "\n" + lines.map { $0 + "\n" }.joined()
    }
}

/// As lm-evaluation-harness prints figures.
func fourDecimals(_ value: Double) -> String { String(format: "%.4f", value) }
