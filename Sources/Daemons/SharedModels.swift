import Dispatch
import Foundation
import ModelFiles
import Store
import Synchronization

/// The models that the store's runs name, as files that workers may fetch: found by content, hashed once.
public final class SharedModels: Sendable {
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
        let model: LocalCheckpoint
        let stamps: [Stamp?]

        var isCurrent: Bool { model.listing.files.map { Stamp(model.path(of: $0)) } == stamps }
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
    public func model(sha256: String) async throws -> LocalCheckpoint? {
        if let model = known(sha256) { return model }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try self.known(sha256) ?? self.examine(sha256) }) }
        }
    }

    private func known(_ sha256: String) -> LocalCheckpoint? {
        kept.withLock { $0.first { $0.model.listing.sha256 == sha256 } }.flatMap { $0.isCurrent ? $0.model : nil }
    }

    private func examine(_ sha256: String) throws -> LocalCheckpoint? {
        let named = try reader.read { view in
            try view.runHeads().lazy.compactMap { head in
                try view.models(run: head.run).first { $0.sha256 == sha256 && !$0.path.isEmpty }
            }.first
        }
        guard let named else { return nil }
        let checkpoint = try Checkpoint.open(URL(fileURLWithPath: named.path))
        let stamps = checkpoint.allFiles.map { Stamp($0.path) }
        guard let model = try checkpoint.listing(id: named.id) else { return nil }
        guard model.listing.sha256 == sha256 else {
            throw ModelError.different(
                model: named.id, path: named.path, expected: sha256, found: model.listing.sha256)
        }
        let examined = Examined(model: model, stamps: stamps)
        kept.withLock { kept in
            kept = [examined] + kept.filter { $0.model.listing.sha256 != sha256 }.prefix(Self.keptModels - 1)
        }
        return examined.model
    }
}
