import Foundation
import ModelFiles

/// What a snapshot holds and where it came from: `record.json` in its folder.
public struct SnapshotRecord: Codable, Sendable, Equatable {
    /// A file of a snapshot; its hash is its name among the blobs.
    public typealias File = CheckpointListing.File

    /// The repository or data set on the hub.
    public var source: String
    /// The commit of the repository or data set; nil where the server did not say.
    public var revision: String?
    /// Sorted by name.
    public var files: [File]
    /// `Checkpoint.sha256()` of a model.
    public var checkpoint: String?
    /// The number of a benchmark's rows.
    public var rows: Int?

    static let name = "record.json"

    /// Whether every file is there with its length.
    func isComplete(in folder: URL) -> Bool {
        files.allSatisfy { file in
            var status = stat()
            return stat(folder.appendingPathComponent(file.name).path, &status) == 0
                && status.st_mode & S_IFMT == S_IFREG && Int(status.st_size) == file.size
        }
    }
}

/// A subject's files at one revision, as a folder of the cache.
public struct Snapshot: Sendable, Equatable {
    /// What the files are.
    public let subject: Subject
    /// The folder; its files are links to blobs.
    public let folder: URL
    /// What it holds.
    public let record: SnapshotRecord

    /// What a job takes: a model's folder, a tokenizer's or a benchmark's file.
    public var location: URL {
        switch subject {
        case .model, .checkpoint: folder
        case .tokenizer, .benchmark:
            record.files.first.map { folder.appendingPathComponent($0.name) } ?? folder
        }
    }

    /// The commit to ask for again; nil for rows, which have one revision only.
    public var fetchedRevision: String? {
        switch subject {
        case .benchmark, .checkpoint: nil
        case .model, .tokenizer: record.revision
        }
    }

    /// The bytes of all files.
    public var size: Int { record.files.reduce(0) { $0 + $1.size } }
}
