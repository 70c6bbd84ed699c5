import Benchmarks
import Statistics
import Store

extension RunReport {
    /// The report for spreadsheets and data frames: RFC 4180, one line a figure, in the manifest's order.
    ///
    /// Numbers have full precision and a point; accuracies are shares of 0…1, printed figures percent or a perplexity as
    /// in the paper. What is undefined is empty, ∞ is `inf`. `benchmark` `average` is the mean of the paper's six
    /// accuracies, of complete rows only. ``csvColumns`` says what each column holds.
    public func csv() -> String {
        let grid = paperGrid
        var lines = [RunReport.csvColumns.map(\.name)]
        for (row, cells) in zip(grid.rows, groups) {
            for cell in cells {
                for entry in cell.aggregate.entries { lines.append(line(row, cell, entry)) }
                if cell.aggregate.entries.isEmpty { lines.append(line(row, cell, nil)) }
            }
            if let average = row.figures[.average] { lines.append(line(row, average)) }
        }
        let labels = ReductionLabels(measurements.map(\.cell.reduction))
        for measurement in measurements { lines += self.lines(measurement, labels) }
        return lines.map { $0.map(RunReport.quoted).joined(separator: ",") + "\r\n" }.joined()
    }

    /// The columns of ``csv()`` and what they hold.
    public static let csvColumns: [(name: String, meaning: String)] = [
        ("run", "the run's id"), ("build", "the product version that accepted it"), ("model", "the model's id"),
        ("model_sha256", "of its configuration and weights"), ("method", "the reduction's method"),
        ("flops_target", "the FLOPs target, 0…1"), ("keep_ratio", "the keep ratio, where that was given instead"),
        ("label", "the reduction's short name within the run"), ("reduction", "the whole reduction as canonical JSON"),
        ("precision", "of the arithmetic"), ("benchmark", "the benchmark, or average"),
        ("data_sha256", "of the benchmark's data file"), ("tokenizer_sha256", "of the tokenizer"),
        ("documents", "documents scored"), ("documents_expected", "documents of the manifest"),
        ("complete", "whether the two are equal: true or false"), ("metric", "acc, acc_norm or perplexity"),
        ("paper_metric", "whether the paper's table takes this metric: true or false"), ("value", "the figure"),
        ("standard_error", "as in lm-evaluation-harness"), ("ci95_low", "lower end of the 95 % confidence interval"),
        ("ci95_high", "upper end"), ("printed", "the paper's figure: percent, or a perplexity"),
        ("printed_table", "its table"), ("printed_note", "what is odd about it"),
        ("flops_reduction", "achieved, 0…1, without the head"),
        ("flops_reduction_with_head", "achieved, with the head"),
        ("tokens", "input tokens of the documents"), ("engines", "what computed them"),
    ]

    private func line(_ row: PaperGrid.Row, _ cell: CellReport, _ entry: Aggregate.Entry?) -> [String] {
        let benchmark = benchmarks.first { $0.name == cell.cell.benchmark }
        let column = PaperColumn.allCases.first { $0.benchmark == cell.benchmark && $0.metric == entry?.metric }
        let interval = entry.flatMap { cell.interval(of: $0.metric) }
        let printed = column.flatMap { row.figures[$0]?.printed }
        return identity(row) + [
            cell.cell.benchmark, benchmark?.dataSHA256 ?? "", benchmark?.tokenizerSHA256 ?? "", "\(cell.cell.rows)",
            "\(cell.cell.rowsExpected)", "\(cell.cell.isComplete)", entry?.metric.rawValue ?? "", "\(column != nil)",
            number(entry?.value), number(entry?.standardError), number(interval?.lower), number(interval?.upper),
            number(printed?.value), printed.map { "\($0.table)" } ?? "", printed?.note ?? "",
            number(cell.flopsReduction), number(cell.flopsReductionWithHead), "\(cell.tokens)",
            cell.engines.map(\.description).joined(separator: "; "),
        ]
    }

    private func line(_ row: PaperGrid.Row, _ average: Figure) -> [String] {
        identity(row) + [
            "average", "", "", "\(average.documents)", "\(average.documentsExpected)", "\(!average.isPartial)", "acc",
            "true", number(average.value), number(average.standardError), number(average.interval?.lower),
            number(average.interval?.upper), number(average.printed?.value),
            average.printed.map { "\($0.table)" } ?? "", average.printed?.note ?? "", number(row.flopsReduction),
            number(row.flopsReductionWithHead), "", "",
        ]
    }

    /// A line a figure of a measurement; `printed` stands beside what the paper prints, as a share or a factor.
    private func lines(_ measurement: CellMeasurement, _ labels: ReductionLabels) -> [[String]] {
        let settings = ReductionSettings(measurement.cell.reduction)
        let (cell, figures) = (measurement.cell, measurement.figures)
        let identity = [
            run.run, run.build, cell.model, models.first { $0.id == cell.model }?.sha256 ?? "", settings.method,
            settings["flops"]?.text ?? "", settings["keep_ratio"]?.text ?? "",
            labels[cell.reduction], cell.reduction, cell.precision, cell.benchmark, "", "", "\(cell.rows)",
            "\(cell.rowsExpected)", "\(cell.isComplete)",
        ]
        let named: [(String, Double?, Bool)] =
            switch measurement.measure.kind {
            case .memory:
                [
                    ("weight_bytes", figures.map { Double($0.weightBytes) }, false),
                    ("activation_bytes", figures.map { Double($0.activationBytes) }, false),
                    ("peak_reduction", peakReduction(measurement), true),
                ]
            case .throughput:
                [
                    ("tokens_per_second", measurement.tokensPerSecond, false),
                    ("prompt_seconds", measurement.promptSeconds, false),
                    ("step_seconds", measurement.stepSeconds, false), ("speed_up", measurement.speedUp, true),
                ]
            }
        return named.map { name, value, isPrinted in
            identity + [
                name, "\(isPrinted)", number(value), "", "", "", isPrinted ? number(printed(measurement)) : "", "", "",
                number(measurement.flopsReduction), number(measurement.flopsReductionWithHead),
                "\(measurement.measure.tokens)", measurement.engine?.description ?? "",
            ]
        }
    }

    private func identity(_ row: PaperGrid.Row) -> [String] {
        [
            run.run, run.build, row.model, models.first { $0.id == row.model }?.sha256 ?? "", row.reduction.method,
            row.reduction["flops"]?.text ?? "", row.reduction["keep_ratio"]?.text ?? "", row.label, row.reduction.json,
            row.precision,
        ]
    }

    private func number(_ value: Double?) -> String {
        guard let value, !value.isNaN else { return "" }
        return value.isInfinite ? (value > 0 ? "inf" : "-inf") : value.description
    }

    /// A field, in quotation marks where it must be.
    private static func quoted(_ field: String) -> String {
        let special = field.unicodeScalars.contains { ",\"\r\n".unicodeScalars.contains($0) }
        return special ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
    }
}
