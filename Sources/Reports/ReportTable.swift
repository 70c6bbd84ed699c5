import Benchmarks
import Foundation

extension RunReport {
    /// The report for a terminal: for each model and reduction lm-evaluation-harness's table, then an overview.
    public func table() -> String {
        let labels = ReductionLabels(cells.map(\.cell.reduction))
        var text = "run \(run.run) (\(run.name)): \(summary)\n"
        for table in efficiencyTables { text += "\n\(table.title)\n\n\(table.text)" }
        if !measurements.isEmpty { text += "\n" + efficiencyRemarks.map { $0 + "\n" }.joined() }
        for group in groups {
            text += "\n\(group[0].cell.model), \(labels[group[0].cell.reduction]), \(group[0].cell.precision)\n\n"
            text += RunReport.harnessTable(group)
        }
        if !cells.isEmpty { text += "\nOverview\n\n" + overview() + comparisonText }
        let warnings = warnings
        return text + (warnings.isEmpty ? "" : "\n" + warnings.map { $0 + "\n" }.joined())
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

    /// The paper's layout.
    private func overview() -> String {
        let grid = paperGrid
        let names = ["Model", "Precision", "Method", "Settings"]
        var table = TextTable(
            columns: GridText.headers(grid).map { .init(header: $0, isNumeric: !names.contains($0)) })
        table.rows = GridText.rows(grid)
        return table.text + "\n" + GridText.remarks(grid).map { $0 + "\n" }.joined()
    }
}

/// As lm-evaluation-harness prints figures.
func fourDecimals(_ value: Double) -> String { String(format: "%.4f", value) }
