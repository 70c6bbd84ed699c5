import Foundation
import ModelFiles

/// Fetches a model or a tokenizer: resolves the revision, chooses files, downloads them, and publishes a snapshot.
struct RepositoryFetch {
    let session: HubSession
    let subject: Subject
    let repository: Repository
    /// A branch, a tag or a commit.
    let revision: String

    func run(updating: Bool) throws(HubError) -> Snapshot {
        let client = try session.client(session.settings.endpoint)
        // A branch stays the commit that it was, also when its first fetch was cut short.
        let known = updating ? nil : session.cache.resolved(revision, of: subject)
        let listing = try list(known ?? revision, client)
        let writer = SnapshotWriter(session: session, subject: subject, name: listing.commit)
        if let snapshot = session.cache.snapshot(subject, revision: listing.commit) {
            try writer.refer(from: revision)
            return snapshot
        }
        if known == nil, session.cache.resolved(revision, of: subject) == nil { try writer.refer(from: revision) }
        let snapshot: Snapshot
        switch subject {
        case .model: snapshot = try model(listing, client, writer)
        default:
            let files = try download([listing.file("tokenizer.json")], client)
            snapshot = try writer.write(record(listing, files))
        }
        try writer.refer(from: revision)
        return snapshot
    }

    private func list(_ revision: String, _ client: HTTPClient) throws(HubError) -> Listing {
        let path = "/api/models/\(repository)/revision/\(percentEncoded(revision))?blobs=true"
        let answer = try session.json(path, from: client) { explain($0, file: nil) }
        return try Listing(answer.bytes, of: repository, revision: revision)
    }

    private func model(
        _ listing: Listing, _ client: HTTPClient, _ writer: SnapshotWriter
    ) throws(HubError) -> Snapshot {
        var files = try download([listing.file(CheckpointFiles.configuration)], client)
        try CheckpointFiles.checkFamily(content(files[0]), repository)
        if let weights = try CheckpointFiles.weights(listing) {
            files += try download(weights, client)
        } else {
            let index = try download([listing.file(CheckpointFiles.index)], client)
            files += index
            files += try download(CheckpointFiles.shards(content(index[0]), listing), client)
        }
        return try writer.write(record(listing, files)) { folder, record throws(HubError) in
            session.report(.note("checking \(subject)"))
            do throws(ModelFileError) {
                record.checkpoint = try Checkpoint.open(folder).sha256()
            } catch {
                let reason = error.description.replacingOccurrences(of: folder.path, with: "\(repository)")
                throw HubError(
                    .answer, "\(repository) came as the hub has it, but is no checkpoint of Molt's: \(reason)")
            }
        }
    }

    private func record(_ listing: Listing, _ files: [SnapshotRecord.File]) -> SnapshotRecord {
        SnapshotRecord(
            source: "\(repository)", revision: listing.commit, files: files.sorted { $0.name < $1.name })
    }

    /// Downloads what is not there, after a look at the disk's room.
    private func download(_ files: [RemoteFile], _ client: HTTPClient) throws(HubError) -> [SnapshotRecord.File] {
        try checkRoom(files)
        var result: [SnapshotRecord.File] = []
        for file in files {
            let sha256 = try BlobDownload.fetch(file, from: client, session: session) { explain($0, file: file) }
            result.append(SnapshotRecord.File(name: file.name, size: file.size, sha256: sha256))
        }
        return result
    }

    private func checkRoom(_ files: [RemoteFile]) throws(HubError) {
        let root = session.cache.root
        let needed = files.reduce(0) { sum, file in
            if case .sha256(let sha256) = file.hash, Disk.size(session.cache.blob(sha256)) == file.size { return sum }
            let have = Disk.size(root.appendingPathComponent("partial").appendingPathComponent(file.hash.key)) ?? 0
            return sum + max(0, file.size - have)
        }
        guard let free = Disk.freeBytes(root), needed > free else { return }
        throw HubError(
            .disk,
            "\(repository) needs \(byteText(needed)) more, but the disk of \(root.path) has \(byteText(free)) free; make room, "
                + "or move the cache with MOLT_CACHE or --cache")
    }

    private func content(_ file: SnapshotRecord.File) throws(HubError) -> Data {
        do {
            return try Data(contentsOf: session.cache.blob(file.sha256))
        } catch {
            throw HubError(.disk, "\(file.name) of \(repository) cannot be read: \(error.localizedDescription)")
        }
    }

    private func explain(_ answer: ErrorAnswer, file: RemoteFile?) -> HubError {
        answer.explained(
            place: "\(repository)", page: "\(session.settings.endpoint.text)/\(repository)",
            hasToken: session.settings.token != nil,
            missing: file.map { "\($0.title) is not there at \(($0.commit ?? "").prefix(12))" }
                ?? (answer.code == "RevisionNotFound"
                    ? "\(repository) has no revision '\(revision)'; check --revision"
                    : "there is no \(repository), or it has no revision '\(revision)'; check the name and --revision"))
    }
}

extension ErrorAnswer {
    /// The error for a user.
    ///
    /// - Parameters:
    ///   - place: the repository or data set.
    ///   - page: its address for people.
    ///   - missing: the message where it is not found.
    func explained(place: String, page: String, hasToken: Bool, missing: String) -> HubError {
        if isPassing {
            let limited = status == 429 && !hasToken ? "; HF_TOKEN raises the limit" : ""
            return HubError(.unreachable, summary + limited)
        }
        switch (status, code) {
        case (401, "GatedRepo"), (403, "GatedRepo"):
            return HubError(
                .refused,
                "\(place) is gated: accept its terms at \(page), and give your token with HF_TOKEN")
        case (401, "RepoNotFound") where hasToken, (404, _): return HubError(.notFound, "\(missing) (\(summary))")
        case (401, _) where hasToken:
            return HubError(.refused, "the token in HF_TOKEN is not accepted for \(place) (\(summary))")
        case (401, _):
            return HubError(
                code == "RepoNotFound" ? .notFound : .refused,
                "\(place) does not exist or is private: check the name, or set HF_TOKEN (\(summary))")
        case (403, _):
            return HubError(
                .refused,
                hasToken
                    ? "the token in HF_TOKEN has no right to \(place) (\(summary))"
                    : "\(place) is not open to everyone; set HF_TOKEN (\(summary))")
        default: return HubError(.answer, "\(summary), asked for \(place)")
        }
    }
}
