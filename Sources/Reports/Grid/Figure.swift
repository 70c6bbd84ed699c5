import Benchmarks
import Statistics

/// A number of a report with what is known of its certainty, and the paper's beside it.
struct Figure: Sendable {
    /// A share of 0…1, or a perplexity.
    let value: Double
    let standardError: Double?
    /// 95 %.
    let interval: ConfidenceInterval?
    /// Documents that the number is over.
    let documents: Int
    /// Documents that it should be over.
    let documentsExpected: Int
    /// What the paper prints in this place: percent, or a perplexity; nil where it has no such cell.
    var printed: PrintedFigure?

    /// Whether documents are missing, so that the number is not final.
    var isPartial: Bool { documents < documentsExpected }
}

/// A number of the paper.
struct PrintedFigure: Sendable {
    let table: Int
    /// Percent, or a perplexity.
    let value: Double
    /// What is odd about it.
    let note: String?
}

extension Figure {
    /// How the intervals are computed, for readers.
    static let intervalMethod = """
        95 % confidence intervals: Wilson's score interval for an accuracy; for the average, whose standard error is \
        √(Σ se²)/6 over six independent benchmarks, ±1.96 standard errors; for a perplexity ±1.96 standard errors of the \
        mean log-likelihood, on perplexity's scale. Standard errors are lm-evaluation-harness's.
        """

    /// A cell's figure for a metric, if it has rows.
    init?(_ cell: CellReport, _ metric: Metric) {
        guard let entry = cell.aggregate[metric] else { return nil }
        value = entry.value
        standardError = entry.standardError
        interval = cell.interval(of: metric)
        documents = cell.cell.rows
        documentsExpected = cell.cell.rowsExpected
    }

    /// The mean of figures on different documents; nil unless all are complete.
    init?(meanOf figures: [Figure]) {
        guard !figures.isEmpty, figures.allSatisfy({ !$0.isPartial }) else { return nil }
        let count = Double(figures.count)
        let mean = figures.reduce(0) { $0 + $1.value } / count
        value = mean
        let errors = figures.compactMap(\.standardError)
        let error =
            errors.count == figures.count ? errors.reduce(0) { $0 + $1 * $1 }.squareRoot() / count : nil
        standardError = error
        interval = error.map { .normal(mean: mean, standardError: $0) }
        documents = figures.reduce(0) { $0 + $1.documents }
        documentsExpected = documents
    }
}
