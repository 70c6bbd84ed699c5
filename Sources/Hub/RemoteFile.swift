/// A file of a repository as the hub lists it.
struct RemoteFile: Sendable, Equatable {
    let repository: Repository
    let commit: String
    let name: String
    let size: Int
    let hash: ContentHash

    /// Where the hub gives it out; `name` is plain by its listing.
    var path: String { "/\(repository)/resolve/\(commit)/\(percentEncoded(name))" }

    /// For messages.
    var title: String { "\(name) of \(repository)" }
}
