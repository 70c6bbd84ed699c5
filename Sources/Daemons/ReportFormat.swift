import Reports

/// The forms of a run's report that are one text.
///
/// This is the table of formats: one more takes an extension of `RunReport` that returns its text, a case here, and its
/// lines below.
public enum ReportFormat: String, Sendable, CaseIterable {
    case table, markdown, latex, csv, json, html

    /// The ending of its files.
    public var ending: String {
        switch self {
        case .table: "txt"
        case .markdown: "md"
        case .latex: "tex"
        case .csv: "csv"
        case .json: "json"
        case .html: "html"
        }
    }

    /// What it is, in a few words.
    public var summary: String {
        switch self {
        case .table: "lm-evaluation-harness's layout, then the paper's"
        case .markdown: "the same for a page"
        case .latex: "a table with booktabs"
        case .csv: "a line a figure"
        case .json: "everything"
        case .html: "one page with charts"
        }
    }

    /// The report in this form.
    public func text(of report: RunReport) -> String {
        switch self {
        case .table: report.table()
        case .markdown: report.markdown()
        case .latex: report.latex()
        case .csv: report.csv()
        case .json: report.json() + "\n"
        case .html: report.html()
        }
    }
}
