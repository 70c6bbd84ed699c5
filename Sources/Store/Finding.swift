/// What an examination found about one thing.
public struct Finding: Sendable, Equatable, Encodable {
    /// How bad it is.
    public enum Verdict: String, Sendable, Encodable {
        case ok
        /// It works, but somebody should know.
        case warning
        /// It does not work, or results cannot be trusted.
        case failed
    }

    /// What was looked at, such as `store pages`.
    public let check: String
    public let verdict: Verdict
    /// What was seen and, unless all is well, the way out.
    public let detail: String

    public init(_ check: String, _ verdict: Verdict, _ detail: String) {
        self.check = check
        self.verdict = verdict
        self.detail = detail
    }
}
