import Benchmarks
import OrderedJSON
import Store

/// The text of a `results_TIME.json` for the cells of one model and reduction.
struct HarnessResults {
    let report: RunReport
    let cells: [CellReport]
    /// By benchmark.
    let taskHashes: [(String, String)]
    /// The name of the model and its reduction.
    let name: String

    var text: String {
        JSONText.object(figures + description + [("molt", ours)]).text(indent: 2) + "\n"
    }

    /// The harness's keys that hold a value for each task.
    private var figures: [(String, JSONText)] {
        let sorted = cells.sorted { $0.cell.benchmark < $1.cell.benchmark }
        func tasks(_ value: (CellReport) -> JSONText) -> JSONText {
            .object(sorted.map { ($0.cell.benchmark, value($0)) })
        }
        return [
            ("results", .object(cells.map { ($0.cell.benchmark, result($0)) })),
            ("group_subtasks", .object([])),
            ("configs", tasks(configuration)),
            ("versions", tasks { .double($0.benchmark.description.version) }),
            ("n-shot", tasks { _ in .integer(0) }),
            (
                "higher_is_better",
                tasks { cell in
                    .object(cell.benchmark.description.metrics.map { ($0.rawValue, .bool($0.isHigherBetter)) })
                }
            ),
            ("n-samples", .object(cells.map { ($0.cell.benchmark, counts($0)) })),
        ]
    }

    private func result(_ cell: CellReport) -> JSONText {
        let metrics = cell.aggregate.entries.flatMap { entry in
            [
                ("\(entry.metric.rawValue),none", JSONText.exact(entry.value)),
                ("\(entry.metric.rawValue)_stderr,none", entry.standardError.map(JSONText.exact) ?? .string("N/A")),
            ]
        }
        return .object(
            [
                ("name", .string(cell.cell.benchmark)), ("alias", .string(cell.cell.benchmark)),
                ("sample_len", .integer(cell.cell.rows)),
            ] + metrics)
    }

    private func configuration(_ cell: CellReport) -> JSONText {
        let description = cell.benchmark.description
        let metrics = description.metrics.map { metric in
            JSONText.object([
                ("metric", .string(metric.rawValue)),
                ("aggregation", .string(metric == .perplexity ? "perplexity" : "mean")),
                ("higher_is_better", .bool(metric.isHigherBetter)),
            ])
        }
        return .object([
            ("task", .string(cell.cell.benchmark)), ("dataset_path", .string(description.hubDataset)),
            ("dataset_name", .optional(description.hubConfiguration, JSONText.string)),
            ("\(description.split)_split", .string(description.split)),
            ("output_type", .string(description.outputType.rawValue)), ("num_fewshot", .integer(0)),
            ("repeats", .integer(1)), ("metric_list", .array(metrics)),
            ("metadata", .object([("version", .double(description.version))])),
        ])
    }

    private func counts(_ cell: CellReport) -> JSONText {
        let original = report.benchmarks.first { $0.name == cell.cell.benchmark }?.documents
        return .object([
            ("original", .integer(original ?? cell.cell.rowsExpected)), ("effective", .integer(cell.cell.rows)),
        ])
    }

    /// The harness's keys that describe the run.
    private var description: [(String, JSONText)] {
        let model = report.models.first { $0.id == cells[0].cell.model }
        let limits = Set(report.benchmarks.map(\.limit))
        let limit = limits.count == 1 ? limits.first ?? nil : nil
        let duration = report.run.finished.map { ($0 - report.run.created).description }
        return [
            (
                "config",
                .object([
                    ("model", .string("molt")), ("model_args", .string("pretrained=\(model?.path ?? "")")),
                    ("model_num_parameters", .optional(model?.parameters, JSONText.integer)),
                    ("model_dtype", .string(dtype)), ("model_revision", .string("main")),
                    ("model_sha", .string(model?.sha256 ?? "")), ("batch_size", .null), ("batch_sizes", .array([])),
                    ("device", .null), ("use_cache", .null), ("limit", .optional(limit, JSONText.integer)),
                    ("bootstrap_iters", .integer(report.bootstrapIterations)), ("gen_kwargs", .null),
                    ("random_seed", .null), ("numpy_seed", .null), ("torch_seed", .null), ("fewshot_seed", .null),
                ])
            ),
            ("git_hash", .null), ("date", .double(report.run.created)),
            ("lm_eval_version", .string(HarnessExport.harnessVersion)),
            ("task_hashes", .object(taskHashes.map { ($0.0, .string($0.1)) })), ("model_source", .string("molt")),
            ("model_name", .string(name)), ("model_name_sanitized", .string(name)),
            ("system_instruction", .null), ("system_instruction_sha", .null), ("fewshot_as_multiturn", .null),
            ("chat_template", .null), ("chat_template_sha", .null),
            ("total_evaluation_time_seconds", .optional(duration, JSONText.string)),
        ]
    }

    /// The precision in the harness's words.
    private var dtype: String {
        switch cells[0].cell.precision {
        case "fp32": "torch.float32"
        case "fp16": "torch.float16"
        case "bf16": "torch.bfloat16"
        case let other: other
        }
    }

    private var ours: JSONText {
        .object([
            ("run", .string(report.run.run)), ("name", .string(report.run.name)),
            ("state", .string(report.run.state.rawValue)), ("build", .string(report.run.build)),
            ("cells", .array(cells.map { $0.json(identity: report.identity(of: $0)) })),
        ])
    }
}
