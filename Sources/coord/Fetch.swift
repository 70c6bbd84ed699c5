import ArgumentParser
import Benchmarks
import Daemons
import Foundation
import Hub
import Jobs
import Wording

/// `coord fetch NAME…`: models, the tokenizer and rows from the Hugging Face hub, or all that a job names.
struct Fetch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Download models, the tokenizer and benchmarks' rows into the cache.",
        discussion: """
            NAME is a published model (\(Repository.publishedIDs.joined(separator: ", "))), OWNER/NAME of a model on \
            the hub, `tokenizer`, a benchmark (\(Self.benchmarks)), or a job file, for all that it names without a \
            path.

            What is in the cache is not asked for again; a branch stays the commit that it was until --update. An \
            interrupted download goes on where it stopped. The cache is MOLT_CACHE, else molt in XDG_CACHE_HOME, else \
            ~/.cache/molt. HF_TOKEN, HF_ENDPOINT, HF_HUB_OFFLINE, SSL_CERT_FILE and the proxy variables are heeded.

            Exit codes: 0 all is there · 1 failed · 3 not found · 130 interrupted.
            """)

    private static let benchmarks = BenchmarkName.allCases.filter { $0 != .hellaswag }.map(\.rawValue)
        .joined(separator: ", ")

    @Argument(help: "What to fetch.", completion: .file(extensions: ["yaml", "yml", "json"]))
    var names: [String] = []

    @Option(name: .long, help: "A branch, a tag or a commit of the models; main by default.")
    var revision: String?

    @Option(name: .long, help: "The cache's folder.", completion: .directory)
    var cache: String?

    @Flag(name: .long, help: "Use what is in the cache, and no network.")
    var offline = false

    @Flag(name: .long, help: "Ask what a branch stands for today, and fetch that.")
    var update = false

    @Flag(name: .long, help: "Hash what is in the cache, and fetch again what is damaged.")
    var verify = false

    @Flag(name: .long, help: "List what is in the cache, without a network.")
    var list = false

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func validate() throws {
        guard list || !names.isEmpty else { throw ValidationError("name what to fetch, or give --list") }
        guard !(offline && update) else { throw ValidationError("--update needs a network, which --offline forbids") }
        guard !list || !update && !verify && revision == nil else {
            throw ValidationError("--list takes names, --cache and --json only")
        }
        guard revision == nil || !names.contains(where: Self.isJob) else {
            throw ValidationError("--revision is for names; a job has its models' revisions in it")
        }
    }

    func run() throws {
        let store = cache.map { Cache(root: URL(fileURLWithPath: $0)) } ?? .standard()
        let wanted = try names.flatMap(wanted)
        if list {
            let subjects = wanted.map(\.subject)
            try show(store.snapshots().filter { subjects.isEmpty || subjects.contains($0.subject) })
            return
        }
        let interruption = Interruption()
        let interrupts = SignalSource(SignalSource.interrupts) { times in
            if times > 1 { _exit(130) }
            interruption.request()
        }
        let progress = FetchProgress()
        let code = withExtendedLifetime(interrupts) { fetch(wanted, store, interruption, progress) }
        if code != .success { throw code }
    }

    /// All subjects, also after one has failed; the first failure's exit code counts.
    private func fetch(
        _ wanted: [Wanted], _ store: Cache, _ interruption: Interruption, _ progress: FetchProgress
    ) -> ExitCode {
        var code = ExitCode.success
        var snapshots: [Snapshot] = []
        for one in wanted {
            do {
                var settings = try HubSettings()
                settings.isOffline = settings.isOffline || offline
                let hub = HubFetcher(cache: store, settings: settings, interruption: interruption) { progress.show($0) }
                snapshots.append(try fetch(one, hub, progress))
            } catch {
                progress.finish()
                Terminal.error(error.description)
                if code == .success { code = exitCode(error) }
                if error.kind == .interrupted { break }
            }
        }
        progress.finish()
        do {
            try show(snapshots)
        } catch {
            Terminal.error("\(error)")
            return .failure
        }
        return code
    }

    private func fetch(
        _ wanted: Wanted, _ hub: HubFetcher, _ progress: FetchProgress
    ) throws(HubError) -> Snapshot {
        let subject = wanted.subject
        let snapshot = try hub.fetch(subject, revision: wanted.revision, updating: update)
        guard verify else { return snapshot }
        let damaged = try hub.verify(snapshot)
        guard !damaged.isEmpty else { return snapshot }
        progress.say("\(damaged.joined(separator: ", ")) of \(subject) was damaged and is removed; fetching it again")
        return try hub.fetch(subject, revision: snapshot.fetchedRevision)
    }

    private func exitCode(_ error: HubError) -> ExitCode {
        switch error.kind {
        case .notFound, .offline: Exit.missing
        case .interrupted: Exit.interrupted
        default: .failure
        }
    }

    private struct Wanted {
        var subject: Subject
        var revision: String?
    }

    private static func isJob(_ name: String) -> Bool {
        ["yaml", "yml", "json"].contains(URL(fileURLWithPath: name).pathExtension)
    }

    private func wanted(_ name: String) throws -> [Wanted] {
        if Self.isJob(name) { return wanted(by: try JobFile(contentsOf: URL(fileURLWithPath: name))) }
        if let subject = Subject(name) { return [Wanted(subject: subject, revision: revision)] }
        Terminal.error(
            "nothing is known as '\(name)'; known: \(Repository.publishedIDs.joined(separator: ", ")), OWNER/NAME, "
                + "tokenizer, \(Self.benchmarks), and job files (.yaml)")
        throw Exit.missing
    }

    /// What a job takes from the cache.
    private func wanted(by job: JobFile) -> [Wanted] {
        let models = job.models.compactMap { model -> Wanted? in
            guard case .hub(let name, let revision) = model.source, let repository = Repository(name) else {
                return nil
            }
            return Wanted(subject: .model(repository), revision: revision)
        }
        let tokenizer = job.tokenizer == nil && job.measures.isEmpty ? [Wanted(subject: .tokenizer(.tokenizer))] : []
        let rows = job.benchmarks.filter { $0.data == nil }.map { Wanted(subject: .benchmark($0.name)) }
        return models + tokenizer + rows
    }

    private func show(_ snapshots: [Snapshot]) throws {
        if json {
            print(try JSONLine.pretty(snapshots.map(Fetched.init)))
            return
        }
        for snapshot in snapshots {
            let size = snapshot.record.rows.map { counted($0, "row") } ?? byteText(snapshot.size)
            let revision = snapshot.record.revision.map { ", \($0.prefix(12))" } ?? ""
            print("\(snapshot.subject) (\(size)\(revision)): \(snapshot.location.path)")
        }
    }
}

/// What `coord fetch --json` says of a subject.
private struct Fetched: Encodable {
    var name: String
    var path: String
    var size: Int
    var record: SnapshotRecord

    init(_ snapshot: Snapshot) {
        name = "\(snapshot.subject)"
        path = snapshot.location.path
        size = snapshot.size
        record = snapshot.record
    }
}
