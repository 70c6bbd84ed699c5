import Benchmarks
import Foundation
import Hashing
import Mamba
import ModelFiles
import Tokenizer

/// Finds, reads and checks what a job names.
public struct Planner: Sendable {
    private let locator: any InputLocator
    private let progress: @Sendable (String) -> Void

    /// - Parameters:
    ///   - locator: finds what a job names without a path.
    ///   - progress: told in a few words what is being read.
    public init(locator: any InputLocator, progress: @escaping @Sendable (String) -> Void = { _ in }) {
        self.locator = locator
        self.progress = progress
    }

    /// Plans a job completely.
    ///
    /// - Throws: `MissingInputsError` when something that it names is not there; the files' own errors when something
    ///   is there but broken; `JobFileError` when a reduction does not fit a model.
    public func plan(_ job: JobFile) throws -> RunPlan {
        let inputs = locate(job)
        guard inputs.missing.isEmpty else { throw MissingInputsError(inputs: inputs.missing) }
        guard job.measures.isEmpty else { return try planMeasures(job, inputs) }
        guard let tokenizerFile = inputs.tokenizer else { throw MissingInputsError(inputs: inputs.missing) }
        progress("reading \(tokenizerFile.lastPathComponent)")
        let tokenizer = try BytePairTokenizer(contentsOf: tokenizerFile)
        let models = try open(job, inputs)
        let benchmarks = try inputs.benchmarks.compactMap(\.self).map { rows in
            progress("encoding \(rows.name.rawValue)")
            return try Self.encode(rows, tokenizer: tokenizer)
        }
        try Self.check(benchmarks, fit: models)
        var cells: [PlannedCell] = []
        for (modelIndex, model) in models.enumerated() {
            for reduction in job.reductions(of: job.models[modelIndex]) {
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
            job: job, models: models, benchmarks: benchmarks, measures: [], tokenizerSHA256: tokenizer.sha256,
            cells: cells)
    }

    /// Every cell is one job, for a measurement is one example.
    private func planMeasures(_ job: JobFile, _ inputs: LocatedInputs) throws -> RunPlan {
        let models = try open(job, inputs)
        var cells: [PlannedCell] = []
        for (place, model) in models.enumerated() {
            for reduction in job.reductions(of: job.models[place]) {
                for (index, measure) in job.measures.enumerated() {
                    cells.append(
                        PlannedCell(
                            model: place, benchmark: index, reduction: reduction,
                            flops: try WorkEstimate.flops(measure, model.configuration, reduction),
                            shards: [PlannedShard(examples: 0..<1, tokens: measure.tokens)]))
                }
            }
        }
        return RunPlan(
            job: job, models: models, benchmarks: [], measures: job.measures, tokenizerSHA256: sha256(""),
            cells: cells)
    }

    /// The job's models, whose reductions fit them.
    private func open(_ job: JobFile, _ inputs: LocatedInputs) throws -> [PlannedModel] {
        try zip(job.models, inputs.models).map { listed, folder in
            progress("hashing \(listed.id)")
            let model = try folder.map { try Self.open(listed.id, in: $0, known: locator.hashes) } ?? Self.draw(listed)
            for reduction in job.reductions(of: listed) {
                try Self.check(reduction, fits: model.id, model.configuration)
            }
            return model
        }
    }

    /// What a job names, as far as it is here.
    func locate(_ job: JobFile) -> LocatedInputs { LocatedInputs(job, by: locator) }

    static func open(_ id: String, in folder: URL, known: KnownHashes?) throws -> PlannedModel {
        let checkpoint = try Checkpoint.open(folder)
        return PlannedModel(
            id: id, path: folder, configuration: checkpoint.configuration,
            summary: try CheckpointSummary(checkpoint, known: known))
    }

    /// A model with random weights.
    private static func draw(_ model: JobFile.Model) throws -> PlannedModel {
        guard let shape = model.promisedShape else {
            throw PlanError(message: "model \(model.id) is not here, and its shape is not a published one")
        }
        let checkpoint = RandomCheckpoint.drawn(shape.configuration(), seed: 0)
        return PlannedModel(
            id: model.id, path: nil, configuration: checkpoint.configuration,
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

    static func encode(_ rows: LocatedRows, tokenizer: BytePairTokenizer) throws -> PlannedBenchmark {
        let all = try documents(benchmark: rows.name, data: rows.data, labels: rows.labels)
        return PlannedBenchmark(
            rows: rows, dataSHA256: try sha256(contentsOf: [rows.data, rows.labels].compactMap { $0 }),
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
