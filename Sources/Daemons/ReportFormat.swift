import Reports

/// The forms of a run's report that are one text.
public enum ReportFormat: String, Sendable, CaseIterable {
    case table, markdown, latex, csv, json, html

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
