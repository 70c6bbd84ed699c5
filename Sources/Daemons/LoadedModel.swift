import Benchmarks
import Foundation
import Hub
import Mamba
import ModelFiles
import Operations
import Scoring
import Wire

/// Where a worker looks for models.
public struct ModelLocator: Sendable {
    /// Folders that hold a checkpoint's folder a model id; searched first.
    public var folders: [URL]
    /// What was fetched from the hub.
    public var cache: Cache
    /// Who gives out models that are nowhere here.
    public var source: CheckpointSource?

    public init(folders: [URL] = [], cache: Cache = .standard(), source: CheckpointSource? = nil) {
        self.folders = folders
        self.cache = cache
        self.source = source
    }

    /// The folders that are there and may hold the model, in the order to try them: by id in `folders`, by content in
    /// the cache, at the path that the coordinator names, by id in the cache.
    public func candidates(id: String, sha256: String, path: String) -> [URL] {
        let fetched = [cache.model(sha256: sha256)].compactMap { $0 }
        let known = [cache.model(id: id)].compactMap { $0 }
        var seen: Set<String> = []
        return (inFolders(id) + fetched + named(path) + known).filter { url in
            FileManager.default.fileExists(atPath: url.path) && seen.insert(url.path).inserted
        }
    }

    func candidates(for model: WireJob.Model) throws -> [URL] {
        let found = candidates(id: model.id, sha256: model.sha256, path: model.path)
        guard found.isEmpty else { return found }
        throw ModelError.absent(
            model: model.id, searched: (inFolders(model.id) + named(model.path)).map(\.path) + [cache.root.path])
    }

    private func inFolders(_ id: String) -> [URL] {
        isPlainName(id) ? folders.map { $0.appendingPathComponent(id) } : []
    }

    private func named(_ path: String) -> [URL] { path.isEmpty ? [] : [URL(fileURLWithPath: path)] }

    /// Whether an id from the wire stays inside the folders.
    private func isPlainName(_ id: String) -> Bool {
        !id.isEmpty && !id.hasPrefix(".") && !id.contains("/") && !id.contains("\0")
    }
}

/// A model that a worker cannot use.
public enum ModelError: Error, Equatable, CustomStringConvertible {
    case absent(model: String, searched: [String])
    case unknownShape(model: String, shape: String)
    case different(model: String, path: String, expected: String, found: String)

    public var description: String {
        switch self {
        case .absent(let model, let searched):
            """
            model \(model) is not on this worker; looked at \(searched.joined(separator: ", ")); fetch it with \
            `coord fetch`, or see --models and --models-from
            """
        case .unknownShape(let model, let shape):
            "model \(model) is to have the shape '\(shape)', which this worker does not know; update the worker"
        case .different(let model, let path, let expected, let found):
            """
            model \(model) at \(path) has sha256 \(found.prefix(16))…, the run's has \(expected.prefix(16))…; copy the \
            run's checkpoint here
            """
        }
    }
}

/// The one model that a worker keeps loaded: the last that it was asked for. Used by the compute thread only.
final class LoadedModel {
    private let locator: ModelLocator
    private let options: EngineOptions
    private var loaded: Loaded?

    private struct Loaded {
        let sha256: String
        let precision: Precision
        let engine: Engine
        let held: HeldCheckpoint?
    }

    /// Of the model that is loaded.
    var sha256: String? { loaded?.sha256 }

    init(locator: ModelLocator, options: EngineOptions) {
        self.locator = locator
        self.options = options
    }

    /// The engine of a model whose content has the hash that the job names, in the job's precision.
    ///
    /// - Parameters:
    ///   - work: what is to be measured, for which there must be memory.
    ///   - interruption: ends a download.
    /// - Throws: ``MeasureError`` for work that is too large.
    func engine(
        for job: WireJob, measuring work: (measure: Measure, reduction: Reduction)? = nil,
        _ interruption: Interruption
    ) throws -> Engine {
        guard let precision = job.precision.isEmpty ? .fp32 : Precision(rawValue: job.precision) else {
            throw EngineError.unknownPrecision(job.precision)
        }
        var options = options
        options.precision = precision
        if let loaded, loaded.sha256 == job.model.sha256, loaded.precision == precision {
            guard let work else { return loaded.engine }
            let need = try need(work.measure, work.reduction, loaded.engine.configuration, options)
            if options.device != .cuda {
                try check(need, work, job, options, held: need.weights)
                return loaded.engine
            }
            if need.activations <= loaded.engine.activationBytes ?? 0 { return loaded.engine }
        }
        loaded = nil
        let (checkpoint, held) = try locator.locate(job.model, interruption)
        if let work {
            let need = try need(work.measure, work.reduction, checkpoint.configuration, options)
            try check(need, work, job, options)
            if let budget = options.budgetBytes, options.device == .cuda {
                options.budgetBytes = max(budget, need.activations)
            }
        }
        let engine = try Engine(checkpoint, options: options, sha256: job.model.sha256)
        loaded = Loaded(sha256: job.model.sha256, precision: precision, engine: engine, held: held)
        return engine
    }

    private func need(
        _ measure: Measure, _ reduction: Reduction, _ model: ModelConfiguration, _ options: EngineOptions
    ) throws -> MemoryNeed {
        try measure.need(
            model, options.precision, reduction, rowsTogether: options.rowsTogether(of: measure, model),
            scan: options.scanColumns(of: model))
    }

    /// Refuses what this machine's memory, or its GPU's, cannot hold now.
    ///
    /// - Parameter held: bytes of what is needed that are there already.
    private func check(
        _ need: MemoryNeed, _ work: (measure: Measure, reduction: Reduction), _ job: WireJob, _ options: EngineOptions,
        held: Int = 0
    ) throws {
        let free = try options.freeMemoryBytes
        // Where it is not known, what happens says it.
        guard free > 0, need.total > free + held else { return }
        let has = free + held
        throw MeasureError.tooLarge(
            measure: work.measure.name, model: job.model.id, reduction: "\(work.reduction)", need: need, has: has)
    }
}

extension ModelLocator {
    /// The job's checkpoint from this machine or, if it is not here, from the source; with what keeps it in the cache.
    func locate(
        _ model: WireJob.Model, _ interruption: Interruption
    ) throws -> (checkpoint: Checkpoint, held: HeldCheckpoint?) {
        if !model.randomShape.isEmpty { return (try drawn(model), nil) }
        do {
            return (try checkpoint(of: model), nil)
        } catch {
            if let held = try cache.hold(checkpoint: model.sha256) {
                if let checkpoint = try? Checkpoint.open(held.folder),
                    try checkpoint.sha256(known: cache.hashes) == model.sha256
                {
                    return (checkpoint, held)
                }
                guard source != nil else { throw error }
                return try fetch(model, repairing: true, interruption)
            }
            guard source != nil else { throw error }
            return try fetch(model, repairing: false, interruption)
        }
    }

    /// Random weights of a shape.
    private func drawn(_ model: WireJob.Model) throws -> Checkpoint {
        guard let shape = PublishedShape(rawValue: model.randomShape) else {
            throw ModelError.unknownShape(model: model.id, shape: model.randomShape)
        }
        let checkpoint = RandomCheckpoint.drawn(shape.configuration(), seed: model.randomSeed)
        let found = try checkpoint.sha256()
        guard found == model.sha256 else {
            throw ModelError.different(
                model: model.id, path: "random weights", expected: model.sha256, found: found)
        }
        return checkpoint
    }

    private func fetch(
        _ model: WireJob.Model, repairing: Bool, _ interruption: Interruption
    ) throws -> (checkpoint: Checkpoint, held: HeldCheckpoint?) {
        guard let held = try source?.fetch(model.sha256, repairing: repairing, interruption: interruption) else {
            throw ModelError.absent(model: model.id, searched: [])
        }
        let checkpoint = try Checkpoint.open(held.folder)
        let found = try checkpoint.sha256()
        guard found == model.sha256 else {
            throw ModelError.different(
                model: model.id, path: held.folder.path, expected: model.sha256, found: found)
        }
        return (checkpoint, held)
    }

    /// The first checkpoint whose content is the job's; where there is none, the first one's fault is the error.
    func checkpoint(of model: WireJob.Model) throws -> Checkpoint {
        var fault: (any Error)?
        for path in try candidates(for: model) {
            do {
                let checkpoint = try Checkpoint.open(path)
                let sha256 = try checkpoint.sha256(known: cache.hashes)
                if sha256 == model.sha256 { return checkpoint }
                throw ModelError.different(
                    model: model.id, path: path.path, expected: model.sha256, found: sha256)
            } catch {
                fault = fault ?? error
            }
        }
        throw fault ?? ModelError.absent(model: model.id, searched: [])
    }
}
