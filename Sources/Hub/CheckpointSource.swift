import Foundation
import ModelFiles

/// The models that a coordinator gives out over HTTP, by content: fetched once a node, checked, and kept up to a limit.
///
/// Calls block their thread. Of several processes that want models one downloads at a time, and the others wait; who
/// wanted the same model then finds it. What the server says is trusted with nothing: a model is used if its content has
/// the hash that the job named.
public struct CheckpointSource: Sendable {
    private let cache: Cache
    private let limitBytes: Int
    private let settings: HubSettings
    private let patience: Patience
    private let report: @Sendable (FetchEvent) -> Void

    /// - Parameters:
    ///   - address: the coordinator's dashboard, such as `http://head:8080`.
    ///   - token: what the dashboard asks of viewers; sent to it only.
    ///   - limitBytes: what such models may take together on this node's disk.
    ///   - report: called on the fetching thread.
    /// - Throws: ``HubError`` for an address or token that cannot be right.
    public init(
        address: String, token: String?, cache: Cache, limitBytes: Int, patience: Patience = Patience(),
        certificates: String? = ProcessInfo.processInfo.environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 },
        report: @escaping @Sendable (FetchEvent) -> Void = { _ in }
    ) throws(HubError) {
        self.cache = cache
        self.limitBytes = limitBytes
        self.patience = patience
        self.report = report
        var secret: Token?
        if let token { secret = try Token(token, variable: "--models-token-file") }
        settings = HubSettings(
            endpoint: try Endpoint(address, variable: "--models-from"), token: secret, certificates: certificates)
    }

    /// Brings a model into the cache unless it is there.
    ///
    /// - Parameters:
    ///   - sha256: the model's `Checkpoint.sha256()`.
    ///   - repairing: the copy that is there is known to be damaged.
    public func fetch(
        _ sha256: String, repairing: Bool = false, interruption: Interruption = Interruption()
    ) throws(HubError) -> HeldCheckpoint {
        guard isSHA256(sha256) else { throw HubError(.setting, "'\(sha256.prefix(80))' is no SHA-256 of a model") }
        let session = HubSession(
            cache: cache, settings: settings, patience: patience, interruption: interruption, report: report)
        var hasWaited = false
        let lock = try session.lock("checkpoints") {
            hasWaited = true
            report(.note("another process fetches a model; waiting for it"))
        }
        return try withExtendedLifetime(lock) { () throws(HubError) in
            if repairing { try removeDamaged(sha256, interruption) }
            if let held = try cache.hold(checkpoint: sha256) {
                if hasWaited { report(.note("model \(sha256.prefix(12)) is here now")) }
                return held
            }
            try download(sha256, session)
            guard let held = try cache.hold(checkpoint: sha256) else {
                throw HubError(.disk, "model \(sha256.prefix(12)) was removed as soon as it was fetched")
            }
            return held
        }
    }

    private func download(_ sha256: String, _ session: HubSession) throws(HubError) {
        let client = try session.client(settings.endpoint)
        let explain = { (answer: ErrorAnswer) in self.explain(answer, sha256) }
        let answer = try session.json("/models/\(sha256)", from: client, limit: 4 << 20, explain: explain)
        let listing = try CheckpointListing(answer: answer.bytes, of: sha256)
        try giveUpUnfinished(except: listing)
        let room = CacheRoom(cache: cache, limitBytes: limitBytes, report: report)
        try room.make(for: listing.size, of: listing.title)
        try checkDisk(listing)
        for file in listing.files {
            _ = try BlobDownload.fetch(
                RemoteFile(model: sha256, file), from: client, session: session, explain: explain)
        }
        try publish(listing, session)
        unlink(unfinishedFile.path)
    }

    private func publish(_ listing: CheckpointListing, _ session: HubSession) throws(HubError) {
        let record = SnapshotRecord(source: settings.endpoint.text, files: listing.files, checkpoint: listing.sha256)
        let writer = SnapshotWriter(
            session: session, subject: .checkpoint(listing.sha256), name: listing.sha256)
        _ = try writer.write(record) { folder, record throws(HubError) in
            let found: String
            do throws(ModelFileError) {
                found = try Checkpoint.open(folder).sha256()
            } catch {
                let reason = error.description.replacingOccurrences(of: folder.path, with: listing.title)
                throw HubError(.corrupt, "\(listing.title) from \(settings.endpoint.text) cannot be read: \(reason)")
            }
            guard found == listing.sha256 else {
                throw HubError(
                    .corrupt,
                    "\(settings.endpoint.text) gives out another model as \(listing.sha256.prefix(16))…: its content has "
                        + "\(found.prefix(16))…; it is not used")
            }
        }
    }

    /// Where the download under way is written down, so that the next one can go on with it, or remove what it left.
    private var unfinishedFile: URL { cache.root.appendingPathComponent("checkpoints/unfinished.json") }

    /// Makes this the download under way; of an earlier one that never ended nothing is kept but what this one has too.
    private func giveUpUnfinished(except listing: CheckpointListing) throws(HubError) {
        let last = (try? Data(contentsOf: unfinishedFile)).flatMap {
            try? JSONDecoder().decode(CheckpointListing.self, from: $0)
        }
        let left = (last?.files ?? []).filter { isSHA256($0.sha256) && !listing.files.contains($0) }
        try cache.removeUnused(left)
        for file in left {
            let partial = cache.root.appendingPathComponent("partial/\(ContentHash.sha256(file.sha256).key)")
            unlink(partial.path)
            unlink(partial.path + ".etag")
        }
        guard let data = try? JSONEncoder().encode(listing) else { return }
        try Disk.write(data, to: unfinishedFile)
    }

    private func checkDisk(_ listing: CheckpointListing) throws(HubError) {
        let needed = listing.files.reduce(0) { sum, file in
            if Disk.size(cache.blob(file.sha256)) == file.size { return sum }
            let key = ContentHash.sha256(file.sha256).key
            return sum + max(0, file.size - (Disk.size(cache.root.appendingPathComponent("partial/\(key)")) ?? 0))
        }
        guard let free = Disk.freeBytes(cache.root), needed > free else { return }
        throw HubError(
            .disk,
            "\(listing.title) needs \(byteText(needed)) more, but the disk of \(cache.root.path) has \(byteText(free)) "
                + "free; make room, or move the cache with MOLT_CACHE or --cache")
    }

    private func removeDamaged(_ sha256: String, _ interruption: Interruption) throws(HubError) {
        let record = cache.record(in: cache.snapshotFolder(.checkpoint(sha256), sha256))
        report(.note("model \(sha256.prefix(12)) is damaged on this node's disk; fetching it again"))
        for file in record?.files ?? [] {
            let blob = cache.blob(file.sha256)
            var hash = RunningHash(for: .sha256(file.sha256), size: file.size)
            guard Disk.size(blob) != nil else { continue }
            try PartialFile.read(blob) { bytes throws(HubError) in
                try interruption.check()
                hash.update(bytes)
            }
            // Who has it mapped keeps what it has.
            if hash.sha256Text != file.sha256 { unlink(blob.path) }
        }
    }

    private func explain(_ answer: ErrorAnswer, _ sha256: String) -> HubError {
        let place = settings.endpoint.text
        switch answer.status {
        case 401, 403:
            return HubError(
                .refused,
                settings.token == nil
                    ? "\(place) asks for its dashboard's token: name its file with --models-token-file"
                    : "\(place) does not accept the token of --models-token-file: it is that of --http-token-file there"
            )
        case 404:
            return HubError(
                .notFound,
                "\(place) gives out no model \(sha256.prefix(16))… (\(answer.summary)); is the coordinator started with "
                    + "--share-models, and is this its dashboard?")
        case _ where answer.isPassing: return HubError(.unreachable, answer.summary)
        default: return HubError(.answer, "\(answer.summary), asked for model \(sha256.prefix(16))…")
        }
    }
}
