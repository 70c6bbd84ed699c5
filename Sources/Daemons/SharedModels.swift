import Dispatch
import Foundation
import Hub
import ModelFiles
import Store
import Synchronization

/// The models that the store's runs name, as files that workers may fetch: found by content, hashed once.
public final class SharedModels: Sendable {
    /// A model's files.
    public struct Model: Sendable, Equatable {
        /// A file of a model.
        public struct File: Sendable, Equatable {
            /// Its name in the model's folder.
            public var name: String
            /// Its length in bytes.
            public var size: Int
            /// SHA-256 of its content, in lowercase hexadecimal.
            public var sha256: String
            /// Where it lies.
            public var path: String
        }

        /// As runs name it.
        public var id: String
        /// Of its checkpoint.
        public var sha256: String
        public var files: [File]
    }

    /// What changes when a file is written again.
    private struct Stamp: Equatable {
        let device, inode: UInt64
        let size, seconds, nanoseconds: Int

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            size = Int(status.st_size)
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
        }
    }

    private struct Examined {
        let model: Model
        let stamps: [Stamp?]

        var isCurrent: Bool { model.files.map { Stamp($0.path) } == stamps }
    }

    private static let keptModels = 64

    private let reader: StoreReader
    private let queue = DispatchQueue(label: "molt.models", qos: .utility)
    private let kept = Mutex<[Examined]>([])

    /// Opens the store for reading.
    public init(store: String) throws { reader = try StoreReader(store) }

    /// Closes the connection to the store, after the model that is being hashed.
    public func close() throws { try queue.sync { try reader.close() } }

    /// The model whose checkpoint has the hash; nil for one that no run names.
    ///
    /// - Throws: ``ModelError`` where what lies at the run's path is another model, or why it cannot be read.
    public func model(sha256: String) async throws -> Model? {
        if let model = known(sha256) { return model }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try self.known(sha256) ?? self.examine(sha256) }) }
        }
    }

    private func known(_ sha256: String) -> Model? {
        kept.withLock { $0.first { $0.model.sha256 == sha256 } }.flatMap { $0.isCurrent ? $0.model : nil }
    }

    private func examine(_ sha256: String) throws -> Model? {
        let named = try reader.read { view in
            try view.runHeads().lazy.compactMap { head in
                try view.models(run: head.run).first { $0.sha256 == sha256 }
            }.first
        }
        guard let named else { return nil }
        let folder = URL(fileURLWithPath: named.path)
        let checkpoint = try Checkpoint.open(folder)
        let paths = try Self.paths(of: checkpoint, in: folder)
        let stamps = paths.map { Stamp($0.path) }
        let found = try checkpoint.sha256()
        guard found == sha256 else {
            throw ModelError.different(model: named.id, path: named.path, expected: sha256, found: found)
        }
        let files = try zip(paths, stamps).map { path, stamp in
            Model.File(
                name: path.lastPathComponent, size: stamp?.size ?? 0, sha256: try contentSHA256(path), path: path.path)
        }
        let examined = Examined(model: Model(id: named.id, sha256: sha256, files: files), stamps: stamps)
        kept.withLock { kept in
            kept = [examined] + kept.filter { $0.model.sha256 != sha256 }.prefix(Self.keptModels - 1)
        }
        return examined.model
    }

    /// Configuration, weights and, where the weights are shards, their index.
    private static func paths(of checkpoint: Checkpoint, in folder: URL) throws -> [URL] {
        let index = folder.appendingPathComponent("model.safetensors.index.json")
        let isWhole = ["model.safetensors", "pytorch_model.bin"].contains(checkpoint.files.first?.lastPathComponent)
        return [folder.appendingPathComponent("config.json")] + checkpoint.files + (isWhole ? [] : [index])
    }
}
