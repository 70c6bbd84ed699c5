import Foundation

/// The paper's layout as rows of text, for every format that is made of text.
enum GridText {
    /// The heads of the columns.
    static func headers(_ grid: PaperGrid) -> [String] {
        leading(grid) + PaperColumn.allCases.map(\.title) + ["FLOPs saved", "with head"]
    }

    private static func leading(_ grid: PaperGrid) -> [String] {
        ["Model"] + (grid.showsPrecision ? ["Precision"] : []) + ["Method", "Target"]
            + (grid.showsDetails ? ["Settings"] : [])
    }

    private static func names(_ row: PaperGrid.Row, _ grid: PaperGrid) -> [String] {
        [row.model] + (grid.showsPrecision ? [row.precision] : [])
            + [row.reduction.method, row.isNone ? "" : row.reduction.target] + (grid.showsDetails ? [row.details] : [])
    }

    /// Ours, each followed by the paper's where it prints one.
    static func rows(_ grid: PaperGrid) -> [[String]] {
        grid.rows.flatMap { row in
            [ours(row, grid)] + (row.printedTable.map { [printed(row, $0, grid)] } ?? [])
        }
    }

    /// A row's names and figures.
    static func ours(_ row: PaperGrid.Row, _ grid: PaperGrid) -> [String] {
        names(row, grid) + PaperColumn.allCases.map { row.text($0) }
            + [percent(row.flopsReduction), percent(row.flopsReductionWithHead)]
    }

    /// The figures that the paper prints in a row's place.
    static func printed(_ row: PaperGrid.Row, _ table: Int, _ grid: PaperGrid) -> [String] {
        var lead = names(row, grid).map { _ in "" }
        lead[grid.showsPrecision ? 2 : 1] = "printed, Table \(table)"
        let figures = PaperColumn.allCases.map { column in
            row.figures[column]?.printed.map { figure in
                column.printedText(figure.value) + (figure.note.map { " [\(mark($0, grid))]" } ?? "")
            } ?? ""
        }
        return lead + figures + ["", ""]
    }

    /// The number of a note.
    static func mark(_ note: String, _ grid: PaperGrid) -> String {
        String((grid.notes.firstIndex(of: note) ?? 0) + 1)
    }

    /// What a reader of the grid must know.
    static func remarks(_ grid: PaperGrid) -> [String] {
        var lines = [
            "Accuracies in percent ± standard error (acc_norm for HellaSwag and ARC-C, acc elsewhere, as in the paper); "
                + "FLOPs saved are achieved, over all input tokens, without and with the head."
        ]
        if grid.isPartial { lines.append("* partial: documents are missing, the figure is not final.") }
        if grid.rows.contains(where: { $0.figures[.average] == nil }) {
            lines.append("n/6 for an average: so many of the six accuracies are complete.")
        }
        if grid.rows.contains(where: \.hasPrinted) {
            lines.append(
                "Printed: Zhan et al., EMNLP 2024 (arXiv 2410.14725); beside either variant, for the paper's text and "
                    + "its code differ.")
        }
        return lines + grid.notes.enumerated().map { "[\($0 + 1)] \($1)" }
    }

    static func intervalHeaders(_ grid: PaperGrid) -> [String] {
        leading(grid) + PaperColumn.allCases.map(\.title)
    }

    /// The intervals of each row.
    static func intervals(_ grid: PaperGrid) -> [[String]] {
        grid.rows.map { row in
            names(row, grid)
                + PaperColumn.allCases.map { column in
                    row.figures[column]?.interval.map { interval in
                        column.text(interval)
                    } ?? ""
                }
        }
    }
}

/// A share in percent with one decimal; nothing for nil or what is no number.
func percent(_ share: Double?) -> String {
    guard let share, share.isFinite else { return "" }
    return decimals(share * 100, 1) + " %"
}
