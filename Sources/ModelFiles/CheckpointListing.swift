import Foundation

/// What there is to know of a checkpoint's files in order to copy it: as a coordinator lists a model to its workers.
public struct CheckpointListing: Codable, Sendable, Equatable {
    /// A file of a checkpoint.
    public struct File: Codable, Sendable, Equatable {
        /// Its name in the checkpoint's folder.
        public var name: String
        /// Its length in bytes.
        public var size: Int
        /// SHA-256 of its content, in lowercase hexadecimal.
        public var sha256: String

        public init(name: String, size: Int, sha256: String) {
            self.name = name
            self.size = size
            self.sha256 = sha256
        }
    }

    /// As runs name the model.
    public var id: String
    /// `Checkpoint.sha256()`.
    public var sha256: String
    /// Configuration, weights and, where the weights are shards, their index.
    public var files: [File]

    public init(id: String, sha256: String, files: [File]) {
        self.id = id
        self.sha256 = sha256
        self.files = files
    }
}

/// A checkpoint of this machine that may be given out.
public struct LocalCheckpoint: Sendable, Equatable {
    public var listing: CheckpointListing
    /// Where the files lie; said to nobody.
    public var folder: URL

    public init(listing: CheckpointListing, folder: URL) {
        self.listing = listing
        self.folder = folder
    }

    /// Where a file of the listing lies.
    public func path(of file: CheckpointListing.File) -> String { folder.appendingPathComponent(file.name).path }
}
