/// A file as a server lists it.
struct RemoteFile: Sendable, Equatable {
    /// Its plain name.
    let name: String
    let size: Int
    let hash: ContentHash
    /// Where the server gives it out, percent-encoded, from its slash on.
    let path: String
    /// For messages.
    let title: String
    /// The commit of its repository; nil outside the hub.
    let commit: String?

    /// A file of a repository on the hub; `name` is plain by its listing.
    init(repository: Repository, commit: String, name: String, size: Int, hash: ContentHash) {
        self.name = name
        self.size = size
        self.hash = hash
        self.commit = commit
        path = "/\(repository)/resolve/\(commit)/\(percentEncoded(name))"
        title = "\(name) of \(repository)"
    }

    /// A file of a model that a coordinator gives out.
    init(model sha256: String, _ file: SnapshotRecord.File) {
        name = file.name
        size = file.size
        hash = .sha256(file.sha256)
        commit = nil
        path = "/models/\(sha256)/\(file.sha256)"
        title = "\(file.name) of model \(sha256.prefix(12))"
    }
}
