import Cluster
import Wire

/// What a coordinator cannot do.
public enum CoordinatorError: Error, Equatable, CustomStringConvertible {
    case unknownJob(JobID)
    /// The coordinator refused a client's request.
    case refused(code: WireRejectCode, detail: String)
    /// Nobody answered in time.
    case noAnswer(endpoint: String, seconds: Int)
    /// The coordinator does not admit the key.
    case notAdmitted(endpoint: String, key: String)
    case unexpectedAnswer(String)

    public var description: String {
        switch self {
        case .unknownJob(let job): "the scheduler granted job \(job), which no unfinished run has"
        case .refused(_, let detail): "the coordinator refused: \(detail)"
        case .noAnswer(let endpoint, let seconds):
            """
            no answer from a coordinator at \(endpoint) within \(seconds) s: is `coord serve` running there, is the \
            endpoint right, and is your key in its authorized_keys?
            """
        case .notAdmitted(let endpoint, let key):
            """
            the coordinator at \(endpoint) does not admit the key \(key): have it added to authorized_keys there \
            (coord keygen does), and SIGHUP sent to the coordinator
            """
        case .unexpectedAnswer(let kind): "the coordinator answered with \(kind), which is no answer to the request"
        }
    }
}

extension WireError {
    /// What a peer is told about a frame of this kind.
    var rejectCode: WireRejectCode {
        if case .unsupportedVersion = self { .version } else { .malformed }
    }
}
