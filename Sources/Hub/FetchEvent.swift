/// What happens while something is fetched.
public enum FetchEvent: Sendable, Equatable {
    /// A file's download begins, with what an earlier one left.
    case began(file: String, size: Int, have: Int)
    /// More of it came.
    case received(file: String, have: Int)
    /// It is there, and is what the hub says.
    case finished(file: String)
    /// So many of a benchmark's rows are there.
    case rows(benchmark: String, have: Int, total: Int)
    /// Something that a user may want to know.
    case note(String)
}
