import Benchmarks
import Foundation
import ModelFiles

/// Files from the hub, kept once by content; everything here reads the disk only.
///
/// Layout below the root: `blobs/sha256/…` holds contents; `models/OWNER/NAME`, `tokenizers/OWNER/NAME` and
/// `benchmarks/NAME` hold `snapshots/REVISION`, folders of links to blobs with a `record.json`, and `refs/BRANCH`, the
/// revision that a branch stood for when it was fetched. `checkpoints/SHA256` holds a model that came from a coordinator.
/// `partial` and `locks` serve downloads under way. `hashes` says what checkpoints were when they were last read.
public struct Cache: Sendable {
    /// The cache's folder, which need not exist.
    public let root: URL

    /// A cache in a folder.
    public init(root: URL) { self.root = root }

    /// The user's cache: `MOLT_CACHE`, else `molt` in `XDG_CACHE_HOME`, else `~/.cache/molt`.
    public static func standard(environment: [String: String] = ProcessInfo.processInfo.environment) -> Cache {
        if let path = environment["MOLT_CACHE"], !path.isEmpty { return Cache(root: URL(fileURLWithPath: path)) }
        if let path = environment["XDG_CACHE_HOME"], path.hasPrefix("/") {
            return Cache(root: URL(fileURLWithPath: path).appendingPathComponent("molt"))
        }
        let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? NSHomeDirectory()
        return Cache(root: URL(fileURLWithPath: home).appendingPathComponent(".cache/molt"))
    }

    /// Hashes of checkpoints, wherever they are.
    public var hashes: KnownHashes { KnownHashes(folder: root.appendingPathComponent("hashes")) }

    /// A model's folder, ready for `Checkpoint.open`; nil where it is not there in full.
    ///
    /// - Parameter revision: a commit, or a branch that was fetched; `main` if nil.
    public func model(repository: Repository, revision: String? = nil) -> URL? {
        snapshot(.model(repository), revision: revision)?.folder
    }

    /// The folder of a published model by its id, or of `OWNER/NAME`; nil where it is not there in full.
    public func model(id: String, revision: String? = nil) -> URL? {
        (Repository(publishedID: id) ?? Repository(id)).flatMap { model(repository: $0, revision: revision) }
    }

    /// The folder of the hub's model whose `Checkpoint.sha256()` is given, of whatever name and revision.
    ///
    /// One that came from a coordinator can be removed at any time; see ``hold(checkpoint:)``.
    public func model(sha256: String) -> URL? {
        snapshots().first { snapshot in
            if case .model = snapshot.subject { snapshot.record.checkpoint == sha256 } else { false }
        }?.folder
    }

    /// A benchmark's rows as JSON Lines; nil where they were not fetched.
    public func benchmark(_ name: BenchmarkName) -> URL? { snapshot(.benchmark(name))?.location }

    /// The tokenizer.json that the published models share; nil where it was not fetched.
    public func tokenizer() -> URL? { snapshot(.tokenizer(.tokenizer))?.location }

    /// A subject's files at a revision, `main` if nil; nil where one is missing or has another length.
    public func snapshot(_ subject: Subject, revision: String? = nil) -> Snapshot? {
        guard let name = resolved(revision ?? "main", of: subject) else { return nil }
        let folder = snapshotFolder(subject, name)
        guard let record = record(in: folder), record.isComplete(in: folder) else { return nil }
        return Snapshot(subject: subject, folder: folder, record: record)
    }

    /// All complete snapshots, sorted by path.
    public func snapshots() -> [Snapshot] {
        subjects().flatMap { subject in
            names(in: folder(subject).appendingPathComponent("snapshots")).compactMap { name in
                isCommit(name) ? snapshot(subject, revision: name) : nil
            }
        }
    }

    /// The snapshot that a revision names: itself, or what a branch stood for when it was fetched.
    func resolved(_ revision: String, of subject: Subject) -> String? {
        if isCommit(revision) { return revision }
        guard let text = try? String(contentsOf: refFile(subject, revision), encoding: .utf8) else { return nil }
        let name = text.trimmingCharacters(in: .whitespacesAndNewlines)
        return isCommit(name) ? name : nil
    }

    func record(in folder: URL) -> SnapshotRecord? {
        guard let data = try? Data(contentsOf: folder.appendingPathComponent(SnapshotRecord.name)),
            let record = try? JSONDecoder().decode(SnapshotRecord.self, from: data),
            !record.files.isEmpty, record.files.allSatisfy({ isFileName($0.name) && isSHA256($0.sha256) })
        else { return nil }
        return record
    }

    func folder(_ subject: Subject) -> URL {
        subject.folder.reduce(root) { $0.appendingPathComponent($1, isDirectory: true) }
    }

    func snapshotFolder(_ subject: Subject, _ name: String) -> URL {
        folder(subject).appendingPathComponent("snapshots", isDirectory: true)
            .appendingPathComponent(name, isDirectory: true)
    }

    /// A branch may hold slashes; its file does not.
    func refFile(_ subject: Subject, _ branch: String) -> URL {
        let plain = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-_"))
        let name = branch.addingPercentEncoding(withAllowedCharacters: plain) ?? "%"
        return folder(subject).appendingPathComponent("refs").appendingPathComponent(name)
    }

    func blob(_ sha256: String) -> URL { root.appendingPathComponent("blobs/sha256").appendingPathComponent(sha256) }

    /// Everything that has a folder.
    private func subjects() -> [Subject] {
        func repositories(_ kind: String) -> [Repository] {
            let folder = root.appendingPathComponent(kind)
            return names(in: folder).flatMap { owner in
                names(in: folder.appendingPathComponent(owner)).compactMap { Repository("\(owner)/\($0)") }
            }
        }
        return BenchmarkName.allCases.map { .benchmark($0) } + repositories("models").map { .model($0) }
            + repositories("tokenizers").map { .tokenizer($0) }
            + names(in: root.appendingPathComponent("checkpoints")).filter(isSHA256).map { .checkpoint($0) }
    }

    private func names(in folder: URL) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    }
}

/// Whether a text is a commit of git, or the SHA-256 that names a benchmark's rows.
func isCommit(_ text: String) -> Bool { isHexadecimal(text) && (text.utf8.count == 40 || text.utf8.count == 64) }

func isSHA256(_ text: String) -> Bool { isHexadecimal(text) && text.utf8.count == 64 }

private func isHexadecimal(_ text: String) -> Bool {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
}

/// Whether a name stays inside its folder.
func isFileName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 200 && !name.hasPrefix(".")
        && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") || $0 < 0x20 || $0 == 0x7F }
}
