/// Why a report cannot be made.
public enum ReportError: Error, Equatable, CustomStringConvertible {
    /// The run has a benchmark that this build does not know.
    case unknownBenchmark(String, known: [String])
    /// The run measured something that this build does not know.
    case unknownMeasure(String)
    /// A stored row has no document in the manifest, or another number of choices.
    case mismatch(benchmark: String, document: Int)
    /// A file of an export cannot be written.
    case notWritable(path: String, detail: String)

    public var description: String {
        switch self {
        case .unknownBenchmark(let name, let known):
            "benchmark '\(name)' is unknown to this build (known: \(known.joined(separator: ", "))); "
                + "report with the version that ran it"
        case .unknownMeasure(let measure):
            "the measure \(measure) is unknown to this build; report with the version that ran it"
        case .mismatch(let benchmark, let document):
            "\(benchmark), document \(document): the stored row does not fit the manifest; "
                + "check the store with: sqlite3 STORE 'PRAGMA integrity_check'"
        case .notWritable(let path, let detail):
            "\(path): cannot be written (\(detail)); choose another folder with --output"
        }
    }
}
