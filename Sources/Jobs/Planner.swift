import Benchmarks
import Crypto
import Foundation
import Mamba
import ModelFiles
import Tokenizer

/// Finds, reads and checks what a job names.
public struct Planner: Sendable {
    private let progress: @Sendable (String) -> Void

    /// - Parameter progress: told in a few words what is being read.
    public init(progress: @escaping @Sendable (String) -> Void = { _ in }) {
        self.progress = progress
    }

    /// Plans a job completely.
    ///
    /// - Throws: `MissingInputsError` when something that it names is not there; the files' own errors when something
    ///   is there but broken; `JobFileError` when a reduction does not fit a model.
    public func plan(_ job: JobFile) throws -> RunPlan {
        let missing = missingInputs(of: job)
        guard missing.isEmpty else { throw MissingInputsError(inputs: missing) }
        progress("reading \(job.tokenizer.lastPathComponent)")
        let tokenizer = try BytePairTokenizer(contentsOf: job.tokenizer)
        let models = try job.models.map { model in
            progress("hashing \(model.id)")
            return try Self.open(model)
        }
        for (model, reduction) in models.flatMap({ model in job.reductions.map { (model, $0) } }) {
            try Self.check(reduction, fits: model.id, model.configuration)
        }
        let benchmarks = try job.benchmarks.map { rows in
            progress("encoding \(rows.name.rawValue)")
            return try Self.encode(rows, tokenizer: tokenizer)
        }
        try Self.check(benchmarks, fit: models)
        var cells: [PlannedCell] = []
        for (modelIndex, model) in models.enumerated() {
            for reduction in job.reductions {
                for (benchmarkIndex, benchmark) in benchmarks.enumerated() {
                    cells.append(
                        PlannedCell(
                            model: modelIndex, benchmark: benchmarkIndex, reduction: reduction,
                            flops: try WorkEstimate.flops(benchmark.examples, model.configuration, reduction),
                            shards: Shards.cut(benchmark.examples, parameters: model.summary.parameters)))
                }
            }
        }
        return RunPlan(
            job: job, models: models, benchmarks: benchmarks, tokenizerSHA256: tokenizer.sha256, cells: cells)
    }

    /// What a job names and is not there.
    public func missingInputs(of job: JobFile) -> [MissingInput] {
        var missing: [MissingInput] = []
        func look(for url: URL, _ what: String, remedy: String) {
            guard !FileManager.default.fileExists(atPath: url.path) else { return }
            missing.append(MissingInput(what: what, path: url.path, remedy: remedy))
        }
        for model in job.models {
            look(for: model.path, "model \(model.id)", remedy: Self.remedy(forModel: model))
        }
        look(
            for: job.tokenizer, "tokenizer",
            remedy: "copy the tokenizer.json of the models there; the published Mamba models use GPT-NeoX-20B's")
        for rows in job.benchmarks {
            let origin = rows.name.description.origin
            look(for: rows.data, "rows of \(rows.name.rawValue)", remedy: origin)
            if let labels = rows.labels { look(for: labels, "labels of \(rows.name.rawValue)", remedy: origin) }
        }
        return missing
    }

    private static func remedy(forModel model: JobFile.Model) -> String {
        guard let shape = PublishedShape(rawValue: model.id) else {
            return "put the checkpoint's folder there (config.json with its weights)"
        }
        return """
            put the published checkpoint's folder there (state-spaces/\(shape.rawValue) on the Hugging Face hub), or make one \
            with random weights: coord make-model --shape \(shape.rawValue) --output \(model.path.path)
            """
    }

    static func open(_ model: JobFile.Model) throws -> PlannedModel {
        let checkpoint = try Checkpoint.open(model.path)
        return PlannedModel(
            id: model.id, path: model.path, configuration: checkpoint.configuration,
            summary: try CheckpointSummary(checkpoint))
    }

    static func check(_ reduction: Reduction, fits model: String, _ configuration: ModelConfiguration) throws {
        do {
            try reduction.validate(layerCount: configuration.layerCount)
        } catch {
            throw PlanError(message: "model \(model) under \(reduction): \(error)")
        }
    }

    /// Refuses rows whose tokens a model has no embedding for: the tokenizer is another model's.
    static func check(_ benchmarks: [PlannedBenchmark], fit models: [PlannedModel]) throws {
        for benchmark in benchmarks {
            let requests = benchmark.examples.lazy.flatMap(\.requests)
            let largest = requests.compactMap { ($0.context + $0.continuation).max() }.max() ?? 0
            for model in models where Int(largest) >= model.configuration.vocabularySize {
                throw PlanError(
                    message: """
                        model \(model.id) has an embedding of \(model.configuration.vocabularySize) rows, but the \
                        tokenizer gives token \(largest) in \(benchmark.rows.name.rawValue); name the tokenizer that \
                        the model was trained with
                        """)
            }
        }
    }

    static func encode(_ rows: JobFile.BenchmarkRows, tokenizer: BytePairTokenizer) throws -> PlannedBenchmark {
        let all = try documents(benchmark: rows.name, data: rows.data, labels: rows.labels)
        var hash = SHA256()
        for url in [rows.data, rows.labels].compactMap({ $0 }) {
            hash.update(data: try Data(contentsOf: url, options: .alwaysMapped))
        }
        return PlannedBenchmark(
            rows: rows, dataSHA256: hash.finalize().map { String(format: "%02x", $0) }.joined(),
            documentCount: all.count,
            examples: try all.prefix(rows.limit ?? all.count).map {
                PlannedExample(document: $0, requests: try $0.encodedRequests(with: tokenizer))
            })
    }
}

/// A job whose parts do not fit each other.
public struct PlanError: Error, CustomStringConvertible {
    public let message: String
    public var description: String { message }
}
