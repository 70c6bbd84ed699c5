import Benchmarks
import Foundation

/// The Hugging Face hub, seen through a cache: what is there is not asked for again.
///
/// Calls block their thread until all is there. Several processes may fetch into one cache at a time.
public struct HubFetcher: Sendable {
    private let cache: Cache
    private let settings: HubSettings
    private let patience: Patience
    private let interruption: Interruption
    private let report: @Sendable (FetchEvent) -> Void

    /// - Parameter report: called on the fetching thread.
    public init(
        cache: Cache, settings: HubSettings, patience: Patience = Patience(),
        interruption: Interruption = Interruption(), report: @escaping @Sendable (FetchEvent) -> Void = { _ in }
    ) {
        self.cache = cache
        self.settings = settings
        self.patience = patience
        self.interruption = interruption
        self.report = report
    }

    /// Brings a subject into the cache.
    ///
    /// - Parameters:
    ///   - revision: a branch, a tag or a commit of a repository; `main` if nil.
    ///   - updating: ask the server what the branch stands for today, even where it is known.
    public func fetch(
        _ subject: Subject, revision: String? = nil, updating: Bool = false
    ) throws(HubError) -> Snapshot {
        if !updating, let snapshot = cache.snapshot(subject, revision: revision) { return snapshot }
        try checkRevision(revision, of: subject)
        if case .benchmark(.hellaswag) = subject { throw Self.hellaswag }
        guard !settings.isOffline else {
            throw HubError(
                .offline,
                "\(subject)\(revision.map { " at \($0)" } ?? "") is not in the cache at \(cache.root.path), and the network "
                    + "is off (--offline or HF_HUB_OFFLINE); fetch it once with a network")
        }
        let session = HubSession(
            cache: cache, settings: settings, patience: patience, interruption: interruption, report: report)
        switch subject {
        case .model(let repository), .tokenizer(let repository):
            return try RepositoryFetch(
                session: session, subject: subject, repository: repository, revision: revision ?? "main"
            ).run(updating: updating)
        case .benchmark(let name): return try BenchmarkFetch(session: session, name: name).run()
        case .checkpoint:
            throw HubError(.setting, "\(subject) came from a coordinator; a worker fetches it with --models-from")
        }
    }

    /// Hashes a snapshot's files anew; damaged ones are removed, so that the next fetch brings them again.
    ///
    /// - Returns: the names of those that were damaged.
    public func verify(_ snapshot: Snapshot) throws(HubError) -> [String] {
        var damaged: [String] = []
        for file in snapshot.record.files {
            let blob = cache.blob(file.sha256)
            report(.note("hashing \(file.name) of \(snapshot.subject)"))
            var hash = RunningHash(for: .sha256(file.sha256), size: file.size)
            try PartialFile.read(blob) { bytes throws(HubError) in
                try interruption.check()
                hash.update(bytes)
            }
            guard hash.sha256Text != file.sha256 else { continue }
            guard unlink(blob.path) == 0 else { throw Disk.failure("remove", blob) }
            damaged.append(file.name)
        }
        return damaged
    }

    private func checkRevision(_ revision: String?, of subject: Subject) throws(HubError) {
        guard let revision else { return }
        if case .benchmark(let name) = subject {
            throw HubError(
                .setting, "\(name.rawValue) has no --revision: the datasets server gives out the newest rows only")
        }
        guard (1...200).contains(revision.utf8.count), !revision.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F })
        else { throw HubError(.setting, "'\(revision.prefix(60))' is no revision; it is a branch, a tag or a commit") }
    }

    private static let hellaswag = HubError(
        .refused,
        "hellaswag is not downloaded: its data set was taken down on a rights holder's notice. If you have a copy of the "
            + "10,042 validation rows as JSON Lines, name it with the job's key 'data'")
}
