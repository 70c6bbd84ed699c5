import Foundation
import ModelFiles
import Wire

/// Where a worker looks for models.
public struct ModelLocator: Sendable {
    /// Folders that hold a checkpoint's folder a model id; searched before the path that the coordinator names.
    public var folders: [URL]

    public init(folders: [URL] = []) { self.folders = folders }

    func find(_ model: WireJob.Model) throws -> URL {
        let named = model.path.isEmpty ? [] : [URL(fileURLWithPath: model.path)]
        let inFolders = isPlainName(model.id) ? folders.map { $0.appendingPathComponent(model.id) } : []
        let candidates = inFolders + named
        guard let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
            throw ModelError.absent(model: model.id, searched: candidates.map(\.path))
        }
        return found
    }

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
            "model \(model) is not on this worker; looked at \(searched.joined(separator: ", ")); see --models"
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
    private var loaded: (sha256: String, engine: Engine)?

    init(locator: ModelLocator, options: EngineOptions) {
        self.locator = locator
        self.options = options
    }

    /// The engine of a model whose content has the hash that the job names.
    func engine(for model: WireJob.Model) throws -> Engine {
        if let loaded, loaded.sha256 == model.sha256 { return loaded.engine }
        loaded = nil
        let path = try locator.find(model)
        let checkpoint = try Checkpoint.open(path)
        let sha256 = try checkpoint.sha256()
        guard sha256 == model.sha256 else {
            throw ModelError.different(model: model.id, path: path.path, expected: model.sha256, found: sha256)
        }
        let engine = try Engine(checkpoint, options: options)
        loaded = (sha256, engine)
        return engine
    }
}
