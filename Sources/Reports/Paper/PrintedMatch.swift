/// The printed rows that a model under a reduction repeats, and what is odd about them.
struct PrintedMatch: Sendable {
    /// The first is the one with the most figures.
    let rows: [PrintedRow]

    /// The rows of `model` (its id, and the published shape that its dimensions are) under a reduction.
    ///
    /// Nil unless it is really the paper's setting: sequence scope aligned by the tail, a FLOPs target, the ssm source,
    /// and for each method what the table says. Either variant counts, for the paper's text and its code differ.
    init?(model: String, shape: String?, reduction: ReductionSettings) {
        guard model == shape else { return nil }
        rows = PrintedTables.rows.filter { $0.model == model && PrintedMatch.repeats($0, reduction) }
        if rows.isEmpty { return nil }
    }

    /// The figure of a column in the first row that prints it.
    func figure(_ column: PaperColumn) -> (row: PrintedRow, value: Double)? {
        for row in rows { if let value = row[column] { return (row, value) } }
        return nil
    }

    /// What a reader of a printed figure must know: another table's figure, or an average that is none.
    func note(_ column: PaperColumn) -> String? {
        guard let (first, value) = figure(column) else { return nil }
        let shown = column.printedText(value)
        if let other = rows.dropFirst().first(where: { $0[column].map { $0 != value } ?? false }),
            let differing = other[column]
        {
            return "Table \(first.table) prints \(shown) where Table \(other.table) prints "
                + "\(column.printedText(differing)) for the same setting."
        }
        // Figures rounded to 0.1 leave a mean of six within 0.1 of a rounded average.
        if column == .average, let mean = first.meanAccuracy, abs(mean - value) > 0.101 {
            return "Table \(first.table) prints \(shown); the six accuracies of that row average \(decimals(mean, 1))."
        }
        return nil
    }

    private static func repeats(_ row: PrintedRow, _ reduction: ReductionSettings) -> Bool {
        guard reduction.method == row.method else { return false }
        if row.method == "none" { return true }
        let isReleased = reduction["variant"]?.text == "released"
        guard reduction["flops"]?.number == row.flops, reduction["scope"]?.text == "sequence",
            reduction["align"]?.text == "tail",
            ["ssm", nil].contains(reduction["source"]?.text) || isReleased && reduction["source"]?.text == "block",
            (reduction["importance"]?.text ?? "clip") == row.design.importance,
            (reduction["hidden_prune"]?.number ?? 0.5) == row.design.hiddenPrune,
            (reduction["residual_prune"]?.number ?? 0) == row.design.residualPrune
        else { return false }
        let schedule = PrintedMatch.schedules[row.model]
        return (reduction["layers"]?.integers ?? schedule) == (row.design.layers ?? schedule)
    }

    /// The layers after which the paper reduces each model, from 0.
    private static let schedules: [String: [Int]] = [
        "mamba-1.4b": [10, 15, 20, 25, 30, 35],
        "mamba2-1.3b": [10, 15, 20, 25, 30, 35],
        "mamba-2.8b": [12, 17, 22, 27, 32, 37, 42],
        "mamba2-2.7b": [12, 17, 22, 27, 32, 37, 42],
    ]
}
