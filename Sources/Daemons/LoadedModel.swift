import Foundation
import Hub
import ModelFiles
import Operations
import Wire

/// Where a worker looks for models.
public struct ModelLocator: Sendable {
    /// Folders that hold a checkpoint's folder a model id; searched first.
    public var folders: [URL]
    /// What was fetched from the hub.
    public var cache: Cache

    public init(folders: [URL] = [], cache: Cache = .standard()) {
        self.folders = folders
        self.cache = cache
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
    case different(model: String, path: String, expected: String, found: String)

    public var description: String {
        switch self {
        case .absent(let model, let searched):
            """
            model \(model) is not on this worker; looked at \(searched.joined(separator: ", ")); fetch it with \
            `coord fetch`, or see --models
            """
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
    private var loaded: (sha256: String, precision: Precision, engine: Engine)?

    /// Of the model that is loaded.
    var sha256: String? { loaded?.sha256 }

    init(locator: ModelLocator, options: EngineOptions) {
        self.locator = locator
        self.options = options
    }

    /// The engine of a model whose content has the hash that the job names, in the job's precision.
    func engine(for job: WireJob) throws -> Engine {
        guard let precision = job.precision.isEmpty ? .fp32 : Precision(rawValue: job.precision) else {
            throw EngineError.unknownPrecision(job.precision)
        }
        if let loaded, loaded.sha256 == job.model.sha256, loaded.precision == precision { return loaded.engine }
        loaded = nil
        var options = options
        options.precision = precision
        let engine = try Engine(try locator.checkpoint(of: job.model), options: options)
        loaded = (job.model.sha256, precision, engine)
        return engine
    }

}

extension ModelLocator {
    /// The first checkpoint whose content is the job's; where there is none, the first one's fault is the error.
    func checkpoint(of model: WireJob.Model) throws -> Checkpoint {
        var fault: (any Error)?
        for path in try candidates(for: model) {
            do {
                let checkpoint = try Checkpoint.open(path)
                let sha256 = try checkpoint.sha256()
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
