import Benchmarks
import Statistics

/// A column of the paper's main tables; the raw value is its name in CSV and JSON.
public enum PaperColumn: String, CaseIterable, Sendable {
    case lambadaPerplexity = "lambada_ppl"
    case lambadaAccuracy = "lambada_acc"
    case hellaswag
    case piqa
    case arcEasy = "arc_easy"
    case arcChallenge = "arc_challenge"
    case winogrande
    case average

    /// The six accuracies whose mean is the average.
    public static let accuracies: [PaperColumn] = allCases.filter { $0.isAccuracy && $0 != .average }

    /// The benchmark that the column is about; nil for the average.
    public var benchmark: BenchmarkName? {
        switch self {
        case .lambadaPerplexity, .lambadaAccuracy: .lambadaOpenAI
        case .hellaswag: .hellaswag
        case .piqa: .piqa
        case .arcEasy: .arcEasy
        case .arcChallenge: .arcChallenge
        case .winogrande: .winogrande
        case .average: nil
        }
    }

    /// The metric of its benchmark that the paper takes; nil for the average.
    public var metric: Metric? {
        self == .lambadaPerplexity ? .perplexity : benchmark?.description.paperMetric
    }

    /// Whether the column is a share of documents, shown in percent.
    public var isAccuracy: Bool { self != .lambadaPerplexity }

    /// The head of the column.
    public var title: String {
        switch self {
        case .lambadaPerplexity: "LAMBADA PPL"
        case .lambadaAccuracy: "LAMBADA"
        case .hellaswag: "HellaSwag"
        case .piqa: "PIQA"
        case .arcEasy: "ARC-E"
        case .arcChallenge: "ARC-C"
        case .winogrande: "WinoGrande"
        case .average: "Avg"
        }
    }

    /// The metric as the head's second line.
    var subtitle: String {
        switch self {
        case .lambadaPerplexity: "lower is better"
        case .average: "of six"
        default: metric?.rawValue ?? ""
        }
    }

    /// A figure as tables show it: percent with one decimal, or a perplexity with two.
    func text(_ value: Double) -> String { isAccuracy ? decimals(value * 100, 1) : perplexityText(value) }

    /// A figure's standard error, written as the figure is; nil where there is none to show.
    func errorText(_ figure: Figure) -> String? {
        guard let error = figure.standardError, error.isFinite, figure.value.isFinite else { return nil }
        return !isAccuracy && figure.value >= 1e6 && error > 0 ? scientific(error) : text(error)
    }

    /// An interval, both ends written alike.
    func text(_ interval: ConfidenceInterval) -> String {
        let ends = [interval.lower, interval.upper]
        guard !isAccuracy, interval.upper.isFinite, interval.upper >= 1e6, interval.lower > 0 else {
            return ends.map { text($0) }.joined(separator: "–")
        }
        return ends.map(scientific).joined(separator: "–")
    }

    /// A printed figure with the decimals that it is printed with.
    func printedText(_ value: Double) -> String { decimals(value, isAccuracy ? 1 : 2) }
}
