extension RunReport {
    /// The report in GitHub's Markdown: the paper's layout, intervals, what is compared, and what a reader must know.
    public func markdown() -> String {
        let grid = paperGrid
        var text = "# \(Markdown.text(run.name))\n\nRun `\(Markdown.code(run.run))`: \(summary).\n\n"
        for table in efficiencyTables {
            text += "## \(Markdown.text(table.title))\n\n\(Markdown.table(table.headers, table.rows))\n"
        }
        text += efficiencyRemarks.map { "- \(Markdown.text($0))\n" }.joined()
        if !cells.isEmpty {
            text += Markdown.table(GridText.headers(grid), GridText.rows(grid))
            text += "\n" + GridText.remarks(grid).map { "- \(Markdown.text($0))\n" }.joined()
            text += "\n## 95 % confidence intervals\n\n"
            text += Markdown.table(GridText.intervalHeaders(grid), GridText.intervals(grid))
            text += "\n\(Markdown.text(Figure.intervalMethod))\n"
        }
        for family in families {
            text += "\n## \(Markdown.text(family.title))\n\n\(Markdown.text(family.description))\n\n"
            text += Markdown.table(FamilyText.headers, FamilyText.rows(family))
        }
        let warnings = notices
        if !warnings.isEmpty { text += "\n## Warnings\n\n" + warnings.map { "- \(Markdown.text($0))\n" }.joined() }
        text += "\n## Identity\n\n" + Markdown.table(["What", "Value"], identity)
        return text
    }
}

/// GitHub's Markdown, written so that text from a store stays text.
enum Markdown {
    /// Text outside code; what could be markup is escaped.
    static func text(_ text: String) -> String {
        text.map { character in
            if character.isNewline { return " " }
            return "\\`*_{}[]<>#|~&".contains(character) ? "\\\(character)" : String(character)
        }.joined()
    }

    /// Text between backticks.
    static func code(_ text: String) -> String {
        String(text.map { $0 == "`" ? "'" : $0.isNewline ? " " : $0 == "|" ? "¦" : $0 })
    }

    /// A table; the columns after the first are figures, unless they are named otherwise.
    static func table(_ headers: [String], _ rows: [[String]]) -> String {
        let texts = ["Model", "Precision", "Method", "Settings", "Benchmark", "Candidate", "Baseline", "What", "Value"]
        let rule = headers.map { texts.contains($0) ? "---" : "---:" }
        let lines = [headers.map(text), rule] + rows.map { $0.map(text) }
        return lines.map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }
}
