/// A row, label or file that cannot be used: where, and why.
public struct BenchmarkError: Error, CustomStringConvertible, Equatable, Sendable {
    /// The file as the caller named it.
    public let file: String
    /// The 1-based line, when the fault lies in one.
    public let line: Int?
    /// What is wrong, and the way out where there is one.
    public let message: String

    init(file: String, line: Int? = nil, _ message: String) {
        self.file = file
        self.line = line
        self.message = message
    }

    /// `file:line: message`.
    public var description: String {
        guard let line else { return "\(file): \(message)" }
        return "\(file):\(line): \(message)"
    }
}
