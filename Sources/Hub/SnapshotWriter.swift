import Foundation

/// Puts a snapshot together beside its place and moves it there in one step.
struct SnapshotWriter {
    let session: HubSession
    let subject: Subject
    /// A commit, or the SHA-256 of a benchmark's rows.
    let name: String

    /// - Parameters:
    ///   - record: what it will hold; the blobs are there.
    ///   - completing: may look at the finished folder and add to the record; an error leaves no snapshot.
    func write(
        _ record: SnapshotRecord, completing: (URL, inout SnapshotRecord) throws(HubError) -> Void = { _, _ in }
    ) throws(HubError) -> Snapshot {
        let cache = session.cache
        let target = cache.snapshotFolder(subject, name)
        let parent = target.deletingLastPathComponent()
        let staging = parent.appendingPathComponent(".\(name.prefix(12)).\(UUID().uuidString)")
        try Disk.makeFolder(staging)
        defer { try? FileManager.default.removeItem(at: staging) }
        // snapshots/NAME and the subject's folder lie between a link and the cache's root.
        let up = String(repeating: "../", count: subject.folder.count + 2)
        for file in record.files {
            let link = staging.appendingPathComponent(file.name)
            guard symlink("\(up)blobs/sha256/\(file.sha256)", link.path) == 0 else {
                throw Disk.failure("link", link)
            }
        }
        var record = record
        try completing(staging, &record)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(record) else {
            throw HubError(.disk, "the record of \(subject) cannot be written as JSON")
        }
        try Disk.write(data, to: staging.appendingPathComponent(SnapshotRecord.name))
        try Disk.synchronize(folder: staging)
        try move(staging, to: target)
        return Snapshot(subject: subject, folder: target, record: record)
    }

    /// What a branch stands for, until it is fetched with an update.
    func refer(from branch: String) throws(HubError) {
        guard !isCommit(branch) else { return }
        try Disk.write(Data("\(name)\n".utf8), to: session.cache.refFile(subject, branch))
    }

    /// One process at a time, so that a damaged snapshot can make room for a whole one.
    private func move(_ staging: URL, to target: URL) throws(HubError) {
        let lock = try session.lock("snapshots")
        try withExtendedLifetime(lock) { () throws(HubError) in
            if rename(staging.path, target.path) != 0 {
                guard errno == ENOTEMPTY || errno == EEXIST else { throw Disk.failure("write", target) }
                let old = target.deletingLastPathComponent().appendingPathComponent(".\(UUID().uuidString)")
                guard rename(target.path, old.path) == 0 else { throw Disk.failure("replace", target) }
                defer { try? FileManager.default.removeItem(at: old) }
                guard rename(staging.path, target.path) == 0 else { throw Disk.failure("write", target) }
            }
            try Disk.synchronize(folder: target.deletingLastPathComponent())
        }
    }
}
