/// The benchmarks that Molt scores; the raw value is the name in job files, tables and lm-evaluation-harness.
///
/// This is the table of benchmarks: one more takes a file in `Definitions`, a case and a line in `definition`.
public enum BenchmarkName: String, CaseIterable, Codable, Sendable, Hashable {
    case lambadaOpenAI = "lambada_openai"
    case hellaswag
    case piqa
    case arcEasy = "arc_easy"
    case arcChallenge = "arc_challenge"
    case winogrande

    var definition: any Benchmark {
        switch self {
        case .lambadaOpenAI: LAMBADA()
        case .hellaswag: HellaSwag()
        case .piqa: PIQA()
        case .arcEasy: ARC.easy
        case .arcChallenge: ARC.challenge
        case .winogrande: WinoGrande()
        }
    }

    /// What tables, exports and messages say about the benchmark.
    public var description: BenchmarkDescription { definition.description }
}

/// How one benchmark turns a row into a document.
protocol Benchmark: Sendable {
    var description: BenchmarkDescription { get }

    /// The key whose value the publisher keeps in a file of labels, or nil when rows are complete.
    var labelKey: LabelKey? { get }

    /// The document that a row with its label in place describes.
    func document(_ row: Row) throws -> Document
}

extension Benchmark {
    var labelKey: LabelKey? { nil }
}
