import Foundation

/// A checkpoint of the cache that is not removed as long as this value lives.
public final class HeldCheckpoint: Sendable {
    /// The folder, ready for `Checkpoint.open`.
    public let folder: URL
    private let descriptor: Int32

    fileprivate init(folder: URL, descriptor: Int32) {
        self.folder = folder
        self.descriptor = descriptor
    }

    /// The lock goes with its descriptor; the file's time is when it was last used.
    deinit {
        futimens(descriptor, nil)
        close(descriptor)
    }
}

extension Cache {
    /// A checkpoint that came from a coordinator, kept from removal until the value goes; nil where it is not there.
    public func hold(checkpoint sha256: String) throws(HubError) -> HeldCheckpoint? {
        guard isSHA256(sha256), snapshot(.checkpoint(sha256), revision: sha256) != nil else { return nil }
        let file = useFile(sha256)
        try Disk.makeFolder(file.deletingLastPathComponent())
        let descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Disk.failure("write", file) }
        // Whoever removes a checkpoint holds the lock for as long as that takes, and no longer.
        while flock(descriptor, LOCK_SH) != 0 {
            guard errno == EINTR else {
                close(descriptor)
                throw Disk.failure("lock", file)
            }
        }
        guard let found = snapshot(.checkpoint(sha256), revision: sha256) else {
            close(descriptor)
            return nil
        }
        futimens(descriptor, nil)
        return HeldCheckpoint(folder: found.folder, descriptor: descriptor)
    }

    /// Locked by those who use the checkpoint; as old as its last use.
    func useFile(_ sha256: String) -> URL { root.appendingPathComponent("locks/use-\(sha256)") }

    /// Removes a checkpoint and what is its alone, unless someone uses it; whether it is gone.
    func remove(checkpoint sha256: String) throws(HubError) -> Bool {
        let file = useFile(sha256)
        try Disk.makeFolder(file.deletingLastPathComponent())
        let descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Disk.failure("write", file) }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return false }
        let folder = folder(.checkpoint(sha256))
        let files = record(in: snapshotFolder(.checkpoint(sha256), sha256))?.files ?? []
        do {
            try FileManager.default.removeItem(at: folder)
        } catch {
            throw HubError(.disk, "cannot remove \(folder.path): \(error.localizedDescription)")
        }
        try removeUnused(files)
        return true
    }

    /// Removes contents that no snapshot has.
    func removeUnused(_ files: [SnapshotRecord.File]) throws(HubError) {
        let used = Set(snapshots().flatMap { $0.record.files.map(\.sha256) })
        for file in files where !used.contains(file.sha256) {
            let blob = blob(file.sha256)
            guard unlink(blob.path) == 0 || errno == ENOENT else { throw Disk.failure("remove", blob) }
        }
    }
}
