import Benchmarks
import OrderedJSON
import Store

extension RunReport {
    /// The report for scripts: one JSON object, on one line, or indented.
    ///
    /// A number that JSON cannot hold (a perplexity of ∞) is null.
    public func json(indent: Int? = nil) -> String {
        JSONText.object([
            ("run", .string(run.run)), ("name", .string(run.name)), ("state", .string(run.state.rawValue)),
            ("build", .string(run.build)), ("created", .double(run.created)),
            ("finished", .optional(run.finished, JSONText.double)), ("rows", .integer(run.rows)),
            ("rows_expected", .integer(run.rowsExpected)), ("disagreements", .integer(disagreements)),
            ("cells", .array(cells.map { $0.json(identity: identity(of: $0)) })),
            ("failures", .array(failures.map(RunReport.json))),
            ("interval_method", .string(Figure.intervalMethod)), ("paper_table", .array(paperGrid.rows.map(\.json))),
            ("models", .array(models.map(RunReport.json))), ("benchmarks", .array(benchmarks.map(RunReport.json))),
            ("families", .array(families.map(\.json))), ("measurements", measurementsJSON),
        ]).text(indent: indent)
    }

    private static func json(_ failure: FailureRecord) -> JSONText {
        .object([
            ("job", .string(failure.job)), ("cell", .integer(failure.cell)), ("model", .string(failure.model)),
            ("benchmark", .string(failure.benchmark)), ("examples", .array(failure.examples.map(JSONText.integer))),
            ("detail", .string(failure.detail)),
        ])
    }

    private static func json(_ model: ManifestModel) -> JSONText {
        .object([
            ("id", .string(model.id)), ("path", .string(model.path)), ("sha256", .string(model.sha256)),
            ("parameters", .integer(model.parameters)), ("summary", .raw(model.summary)),
        ])
    }

    private static func json(_ benchmark: BenchmarkRecord) -> JSONText {
        .object([
            ("name", .string(benchmark.name)), ("data", .string(benchmark.data)),
            ("data_sha256", .string(benchmark.dataSHA256)), ("tokenizer_sha256", .string(benchmark.tokenizerSHA256)),
            ("documents", .integer(benchmark.documents)), ("limit", .optional(benchmark.limit, JSONText.integer)),
            ("examples", .integer(benchmark.examples)),
        ])
    }
}

extension CellReport {
    /// The cell as one JSON object.
    func json(identity: JSONText) -> JSONText {
        let metrics = aggregate.entries.flatMap { entry in
            [
                (entry.metric.rawValue, JSONText.double(entry.value)),
                ("\(entry.metric.rawValue)_stderr", .optional(entry.standardError, JSONText.double)),
            ]
        }
        return .object([
            ("model", .string(cell.model)), ("reduction", .raw(cell.reduction)),
            ("benchmark", .string(cell.benchmark)), ("precision", .string(cell.precision)),
            ("examples", .integer(cell.rows)), ("examples_expected", .integer(cell.rowsExpected)),
            ("complete", .bool(cell.isComplete)), ("metrics", .object(metrics)),
            ("intervals", intervalsJSON), ("ties", ties.json),
            ("flops_reduction", .optional(flopsReduction, JSONText.double)),
            ("flops_reduction_with_head", .optional(flopsReductionWithHead, JSONText.double)),
            ("tokens", .integer(tokens)), ("identity", identity),
        ])
    }
}

extension PaperGrid.Row {
    /// The row as one JSON object: shares of 0…1 and perplexities, printed figures in percent as in the paper.
    var json: JSONText {
        let columns = PaperColumn.allCases.map { column in
            (column.rawValue, JSONText.optional(figures[column], \.json))
        }
        return .object(
            [
                ("model", .string(model)), ("precision", .string(precision)), ("label", .string(label)),
                ("reduction", .raw(reduction.json)), ("complete_accuracies", .integer(completeAccuracies)),
            ] + columns + [
                ("flops_reduction", .optional(flopsReduction, JSONText.double)),
                ("flops_reduction_with_head", .optional(flopsReductionWithHead, JSONText.double)),
            ])
    }
}

extension Figure {
    var json: JSONText {
        .object([
            ("value", .double(value)), ("standard_error", .optional(standardError, JSONText.double)),
            ("interval", .optional(interval, \.json)), ("partial", .bool(isPartial)),
            ("printed", .optional(printed?.value, JSONText.double)),
            ("printed_table", .optional(printed?.table, JSONText.integer)),
            ("printed_note", .optional(printed?.note, JSONText.string)),
        ])
    }
}
