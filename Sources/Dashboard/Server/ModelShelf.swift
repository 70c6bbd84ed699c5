/// Models that are given out to workers, found by their content alone.
public protocol ModelShelf: Sendable {
    /// The model whose checkpoint has the hash; nil for one that no run names.
    ///
    /// - Throws: ``ModelRefusal`` where its files are not what the run named.
    func model(sha256: String) async throws -> SharedModel?
}

/// A model's files.
public struct SharedModel: Sendable {
    /// A file of a model.
    public struct File: Sendable {
        /// Its name in the model's folder.
        public var name: String
        /// Its length in bytes.
        public var size: Int
        /// SHA-256 of its content, in lowercase hexadecimal.
        public var sha256: String
        /// Where it lies on this machine; said to nobody.
        public var path: String

        public init(name: String, size: Int, sha256: String, path: String) {
            self.name = name
            self.size = size
            self.sha256 = sha256
            self.path = path
        }
    }

    /// As runs name it.
    public var id: String
    /// Of its checkpoint.
    public var sha256: String
    public var files: [File]

    public init(id: String, sha256: String, files: [File]) {
        self.id = id
        self.sha256 = sha256
        self.files = files
    }
}

/// Why a model that a run names cannot be given out.
public struct ModelRefusal: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
