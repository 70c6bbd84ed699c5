extension RunReport {
    /// The paper's layout as a LaTeX table with booktabs, complete with its environment; under XeLaTeX, LuaLaTeX or
    /// pdfLaTeX with UTF-8.
    public func latex() -> String {
        if cells.isEmpty, !measurements.isEmpty { return efficiencyTables.map(Latex.table).joined(separator: "\n") }
        let grid = paperGrid
        let names = 3 + (grid.showsPrecision ? 1 : 0) + (grid.showsDetails ? 1 : 0)
        let columns =
            String(repeating: "l", count: names) + String(repeating: "r", count: PaperColumn.allCases.count + 2)
        var lines = [
            "% \\usepackage{booktabs}, and graphicx for \\resizebox",
            "\\begin{table}", "\\centering",
            "\\caption{\(Latex.text("\(run.name) (run \(run.run)): \(summary)."))}",
            "\\label{tab:\(Latex.label(run.run))}", "\\resizebox{\\linewidth}{!}{%",
            "\\begin{tabular}{@{}\(columns)@{}}", "\\toprule",
            GridText.headers(grid).map(Latex.text).joined(separator: " & ") + " \\\\",
        ]
        var model = ""
        for row in grid.rows {
            if row.model != model || lines.count == 9 { lines.append("\\midrule") }
            model = row.model
            lines.append(Latex.cells(GridText.ours(row, grid)))
            if let table = row.printedTable {
                lines.append(Latex.cells(GridText.printed(row, table, grid)) { "\\textit{\\small \($0)}" })
            }
        }
        lines += ["\\bottomrule", "\\end{tabular}}", ""]
        lines += GridText.remarks(grid).map { "{\\footnotesize \(Latex.text($0))\\par}" }
        lines += ["{\\footnotesize \(Latex.text(Figure.intervalMethod))\\par}", "\\end{table}"]
        return lines.joined(separator: "\n") + "\n"
    }
}

/// LaTeX, written so that text from a store stays text.
enum Latex {
    /// Text with TeX's characters escaped, and without what an engine may lack.
    static func text(_ text: String) -> String {
        text.map { character in
            switch character {
            case "\\": "\\textbackslash{}"
            case "{", "}", "$", "&", "#", "_", "%": "\\\(character)"
            case "~": "\\textasciitilde{}"
            case "^": "\\textasciicircum{}"
            case "<": "\\textless{}"
            case ">": "\\textgreater{}"
            case "|": "\\textbar{}"
            case "\"": "\\textquotedbl{}"
            case "±": "$\\pm$"
            case "−": "$-$"
            case "∞": "$\\infty$"
            case "√": "$\\surd$"
            case "Σ": "$\\Sigma$"
            case "²": "$^2$"
            case "–": "--"
            case "×": "$\\times$"
            case "…": "\\ldots{}"
            default:
                character.isNewline || character.unicodeScalars.contains { $0.value < 32 } ? " " : String(character)
            }
        }.joined()
    }

    /// The measurements of one measure, complete with the environment.
    static func table(_ table: EfficiencyTable) -> String {
        let columns = table.headers.map { EfficiencyTable.isNumeric($0) ? "r" : "l" }.joined()
        let lines =
            [
                "% \\usepackage{booktabs}", "\\begin{table}", "\\centering", "\\caption{\(text(table.title)).}",
                "\\label{tab:\(label(table.measure.name))}", "\\begin{tabular}{@{}\(columns)@{}}", "\\toprule",
                cells(table.headers), "\\midrule",
            ] + table.rows.map { cells($0) } + ["\\bottomrule", "\\end{tabular}", "\\end{table}"]
        return lines.joined(separator: "\n") + "\n"
    }

    /// A name that \ref takes.
    static func label(_ text: String) -> String {
        String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "-" })
    }

    /// A line of a table.
    fileprivate static func cells(_ words: [String], style: (String) -> String = { $0 }) -> String {
        words.map { $0.isEmpty ? "" : style(text($0)) }.joined(separator: " & ") + " \\\\"
    }
}
