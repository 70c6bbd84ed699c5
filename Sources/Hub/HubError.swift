/// Why something could not be fetched: names the thing, the place and the way out.
public struct HubError: Error, Equatable, CustomStringConvertible, Sendable {
    /// What a caller may want to tell apart.
    public enum Kind: Sendable {
        /// No such repository, revision, file or data set.
        case notFound
        /// The server wants a token, or one with more rights.
        case refused
        /// Not in the cache, and the network is not to be used.
        case offline
        /// The server cannot be reached, or kept failing.
        case unreachable
        /// An answer that is not what the hub's interface promises.
        case answer
        /// Content that is not what its size or hash says.
        case corrupt
        /// The cache cannot be written.
        case disk
        /// An environment variable or an argument that makes no sense.
        case setting
        /// The user stopped it; what came is kept.
        case interrupted
    }

    /// The class of the failure.
    public let kind: Kind
    /// The message, in one line.
    public let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

/// How one attempt at a request failed.
enum Failure: Error {
    /// Trying again would not help.
    case final(HubError)
    /// It may pass; the server may have said when.
    case passing(HubError, wait: Duration?)
    /// The server answered with a status that is no success.
    case status(ErrorAnswer)
}
