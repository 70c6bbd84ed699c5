import OrderedJSON
import Store
import Wording

extension RunReport {
    /// How the run stands, in a sentence.
    var summary: String {
        let failed = run.failures == 0 ? "" : ", \(counted(run.failures, "named example")) failed"
        return "\(run.state.rawValue), \(run.rows) of \(counted(run.rowsExpected, "row")) in "
            + "\(counted(cells.count + measurements.count, "cell"))\(failed)"
    }

    /// The warnings, and what the comparisons caution of.
    var notices: [String] {
        (warnings + families.flatMap(\.comparisons).flatMap(\.cautions).map(\.description)).firstOccurrences
    }

    /// What a reader of the figures must know: failures, missing rows, contradictions, liars.
    var warnings: [String] {
        var lines = failures.map { failure in
            "failed: \(failure.model), \(failure.benchmark), documents "
                + failure.examples.prefix(20).map(String.init).joined(separator: " ")
                + (failure.examples.count > 20 ? " … (\(failure.examples.count) in all)" : "") + ": \(failure.detail)"
        }
        if !isComplete {
            let missing = counted(run.rowsExpected - run.rows, "row is", "rows are")
            lines.append("\(missing) missing: figures marked partial are not final")
        }
        if disagreements > 0 {
            let repeated = counted(disagreements, "repeated row differs", "repeated rows differ")
            lines.append("\(repeated) from the stored ones: see the store's disagreements")
        }
        for worker in tainted {
            let rows = counted(worker.rows, "row was", "rows were")
            lines.append(
                "\(rows) computed by the worker \(worker.worker), whose key was revoked since (\(worker.detail)): "
                    + "submit the job again, which computes them anew")
        }
        return lines
    }

    /// What the figures come from: names and values.
    var identity: [[String]] {
        var lines = [
            ["run", run.run], ["name", run.name], ["state", run.state.rawValue], ["build", run.build],
            ["accepted", minuteText(run.created)],
        ]
        if let finished = run.finished { lines.append(["finished", minuteText(finished)]) }
        let engines = Set(cells.flatMap(\.engines) + measurements.compactMap(\.engine))
        lines.append(["engines", engines.sorted().map(\.description).joined(separator: "; ")])
        let records = cells.map(\.cell) + measurements.map(\.cell)
        lines.append(["precision", records.map(\.precision).firstOccurrences.joined(separator: ", ")])
        for model in models {
            let random = model.random.map { ", random weights by the seed \($0.seed)" } ?? ""
            let shape = (model.publishedShape.map { ", shape \($0)" } ?? "") + random
            lines.append([
                "model \(model.id)", "sha256 \(model.sha256), \(grouped(model.parameters)) parameters\(shape)",
            ])
        }
        for benchmark in benchmarks where benchmark.measure != nil {
            lines.append(["measure \(benchmark.name)", benchmark.measure ?? ""])
        }
        for benchmark in benchmarks where benchmark.measure == nil {
            let limit = benchmark.limit.map { ", limit \($0)" } ?? ""
            lines.append([
                "data \(benchmark.name)",
                "sha256 \(benchmark.dataSHA256), \(benchmark.examples) of \(benchmark.documents) documents\(limit)",
            ])
        }
        for tokenizer in benchmarks.filter({ $0.measure == nil }).map(\.tokenizerSHA256).firstOccurrences {
            lines.append(["tokenizer", "sha256 \(tokenizer)"])
        }
        for reduction in records.map(\.reduction).firstOccurrences { lines.append(["reduction", reduction]) }
        return lines
    }

    /// Everything that a cell's scores are a function of, as one JSON object: equal for cells that ask the same of the
    /// same, and never mixed within one.
    func identity(of cell: CellReport) -> JSONText {
        let benchmark = benchmarks.first { $0.name == cell.cell.benchmark }
        let settings = ReductionLabels.settings(cell.cell.reduction)
        return .object([
            ("model_sha256", .optional(models.first { $0.id == cell.cell.model }?.sha256, JSONText.string)),
            ("tokenizer_sha256", .optional(benchmark?.tokenizerSHA256, JSONText.string)),
            ("data_sha256", .optional(benchmark?.dataSHA256, JSONText.string)),
            ("reduction", .raw(cell.cell.reduction)), ("scope", .optional(settings["scope"], JSONText.string)),
            ("precision", .string(cell.cell.precision)), ("engines", .array(cell.engines.map(\.json))),
        ])
    }
}
