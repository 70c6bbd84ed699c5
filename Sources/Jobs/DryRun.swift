import Benchmarks
import Foundation
import Mamba
import ModelFiles
import Tokenizer
import Wording

/// What a job would do, as far as it can be said from what is here.
///
/// A model that is missing but bears a published name is estimated by its published shape; rows that are missing are
/// counted as the published split has them, and their tokens are unknown.
public struct DryRun: Sendable, Encodable {
    public let name: String
    public let cells: [Cell]
    public let missing: [MissingInput]

    /// A cell with its estimated cost; nil where that needs what is missing.
    public struct Cell: Sendable, Encodable {
        public let model: String
        public let reduction: Reduction
        public let benchmark: String
        public let documents: Int
        /// Input tokens of all requests, before any sharing of contexts.
        public let tokens: Int?
        /// Floating-point operations, shared contexts counted once.
        public let flops: Double?
    }

    /// Looks at a job without hashing models or starting anything.
    ///
    /// - Throws: the files' own errors when something is there but broken; `PlanError` when a reduction does not fit.
    public init(_ job: JobFile, planner: Planner) throws {
        name = job.name
        let inputs = planner.locate(job)
        missing = inputs.missing
        guard job.measures.isEmpty else {
            cells = try Self.measured(job, inputs)
            return
        }
        let tokenizer = try inputs.tokenizer.map { try BytePairTokenizer(contentsOf: $0) }
        let benchmarks = try zip(job.benchmarks, inputs.benchmarks).map { try Rows($0, at: $1, tokenizer: tokenizer) }
        var cells: [Cell] = []
        for (model, folder) in zip(job.models, inputs.models) {
            let configuration =
                try folder.map { try Checkpoint.open($0).configuration }
                ?? model.promisedShape?.configuration()
            for reduction in job.reductions(of: model) {
                if let configuration { try Planner.check(reduction, fits: model.id, configuration) }
                for rows in benchmarks {
                    let flops = try rows.planned.flatMap { planned in
                        try configuration.map { try WorkEstimate.flops(planned.examples, $0, reduction) }
                    }
                    cells.append(
                        Cell(
                            model: model.id, reduction: reduction, benchmark: rows.name.rawValue,
                            documents: rows.documents, tokens: rows.planned?.tokens, flops: flops))
                }
            }
        }
        self.cells = cells
    }

    /// The cells of a job that measures: each is one document.
    private static func measured(_ job: JobFile, _ inputs: LocatedInputs) throws -> [Cell] {
        try zip(job.models, inputs.models).flatMap { model, folder in
            let configuration =
                try folder.map { try Checkpoint.open($0).configuration }
                ?? model.promisedShape?.configuration()
            return try job.reductions(of: model).flatMap { reduction in
                if let configuration { try Planner.check(reduction, fits: model.id, configuration) }
                return try job.measures.map { measure in
                    Cell(
                        model: model.id, reduction: reduction, benchmark: measure.name, documents: 1,
                        tokens: measure.tokens,
                        flops: try configuration.map { try WorkEstimate.flops(measure, $0, reduction) })
                }
            }
        }
    }

    /// A benchmark as far as it is here.
    private struct Rows {
        let name: BenchmarkName
        let documents: Int
        let planned: PlannedBenchmark?

        init(_ rows: JobFile.BenchmarkRows, at located: LocatedRows?, tokenizer: BytePairTokenizer?) throws {
            name = rows.name
            planned = try located.flatMap { rows in
                try tokenizer.map { try Planner.encode(rows, tokenizer: $0) }
            }
            let published = rows.name.description.publishedCount
            documents = planned?.examples.count ?? min(published, rows.limit ?? published)
        }
    }
}

extension DryRun: CustomStringConvertible {
    /// A line for each model under each reduction, the sum, and what is missing.
    public var description: String {
        var lines = [
            "\(name): \(counted(cells.count, "cell")), \(counted(cells.reduce(0) { $0 + $1.documents }, "document")), "
                + "\(sum(cells.map { $0.tokens.map(Double.init) })) tokens, \(sum(cells.map(\.flops))) FLOPs", "",
            "model                documents      tokens       FLOPs  reduction",
        ]
        for (key, group) in grouped {
            let documents = "\(group.reduce(0) { $0 + $1.documents })"
            let tokens = sum(group.map { $0.tokens.map(Double.init) })
            lines.append(
                pad(key.model, 20) + pad(documents, -10) + pad(tokens, -12) + pad(sum(group.map(\.flops)), -12) + "  "
                    + "\(key.reduction)")
        }
        if !missing.isEmpty {
            lines += ["", "missing here:"] + missing.map { "  - \($0)" }
        }
        return lines.joined(separator: "\n")
    }

    private var grouped: [(key: (model: String, reduction: Reduction), cells: [Cell])] {
        var groups: [(key: (model: String, reduction: Reduction), cells: [Cell])] = []
        for cell in cells {
            if let last = groups.last, last.key == (cell.model, cell.reduction) {
                groups[groups.count - 1].cells.append(cell)
            } else {
                groups.append(((cell.model, cell.reduction), [cell]))
            }
        }
        return groups
    }

    /// The sum of what is known; marked when something is not.
    private func sum(_ values: [Double?]) -> String {
        let known = values.compactMap { $0 }
        if known.isEmpty { return "unknown" }
        let text = scaled(known.reduce(0, +))
        return known.count == values.count ? text : "≥ \(text)"
    }

    private func scaled(_ value: Double) -> String {
        let units = ["", "k", "M", "G", "T", "P", "E"]
        var (value, unit) = (value, 0)
        while value >= 1000, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return unit == 0 ? String(Int(value)) : String(format: "%.1f%@", value, units[unit])
    }

    /// Left-aligned in `width` columns, right-aligned when it is negative.
    private func pad(_ text: String, _ width: Int) -> String {
        let space = String(repeating: " ", count: max(0, abs(width) - text.count))
        return width < 0 ? space + text : text + space
    }
}
