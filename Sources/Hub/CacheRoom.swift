import Foundation

/// Room for one more checkpoint among those that came from coordinators. What `coord fetch` brought is not counted, and
/// never removed.
struct CacheRoom {
    let cache: Cache
    /// What the checkpoints may take together.
    let limitBytes: Int
    let report: (FetchEvent) -> Void

    /// Removes the checkpoints that were used longest ago until there is room; the caller keeps others from adding.
    ///
    /// - Throws: ``HubError`` where what is left is in use.
    func make(for bytes: Int, of title: String) throws(HubError) {
        guard bytes <= limitBytes else {
            throw HubError(
                .disk,
                "\(title) has \(byteText(bytes)), more than the \(byteText(limitBytes)) that the cache at "
                    + "\(cache.root.path) may hold; raise --cache-limit")
        }
        let kept = checkpoints()
        var total = kept.reduce(0) { $0 + $1.size }
        for checkpoint in kept where total + bytes > limitBytes {
            guard try cache.remove(checkpoint: checkpoint.sha256) else { continue }
            total -= checkpoint.size
            report(.note("removed model \(checkpoint.sha256.prefix(12)), \(byteText(checkpoint.size)), for \(title)"))
        }
        guard total + bytes <= limitBytes else {
            throw HubError(
                .disk,
                "\(title) needs \(byteText(bytes)), but models in use take \(byteText(total)) of the "
                    + "\(byteText(limitBytes)) that the cache at \(cache.root.path) may hold; raise --cache-limit")
        }
    }

    /// Whole ones and broken ones, the one that was used longest ago first.
    private func checkpoints() -> [(sha256: String, size: Int, used: Int)] {
        let folder = cache.root.appendingPathComponent("checkpoints")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter(isSHA256).map { sha256 in
            let record = cache.record(in: cache.snapshotFolder(.checkpoint(sha256), sha256))
            return (sha256, record?.files.reduce(0) { $0 + $1.size } ?? 0, lastUse(sha256))
        }.sorted { ($0.used, $0.sha256) < ($1.used, $1.sha256) }
    }

    /// In nanoseconds since 1970; 0 for one that was never used.
    private func lastUse(_ sha256: String) -> Int {
        var status = stat()
        guard stat(cache.useFile(sha256).path, &status) == 0 else { return 0 }
        return status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
    }
}
