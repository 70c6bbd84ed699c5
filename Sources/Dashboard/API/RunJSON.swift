import Benchmarks
import Reports
import Store

/// A run as the interface tells of it.
struct RunJSON: Encodable {
    let run: String
    let name: String
    let state: String
    let build: String
    let priority: Int
    let created: Double
    let finished: Double?
    let cells: Int
    let rows: Int?
    let rowsExpected: Int?
    let failures: Int
    let tokensPerSecond: Double
    let secondsLeft: Double?
    let awaitedEngines: [String]
    let awaitedPrecisions: [String]

    init(_ summary: RunSummary) {
        let head = summary.head
        run = head.run
        name = head.name
        state = head.state.rawValue
        build = head.build
        priority = head.priority
        created = head.created
        finished = head.finished
        cells = head.cells
        rows = summary.rows
        rowsExpected = summary.rowsExpected
        failures = head.failures
        tokensPerSecond = summary.tokensPerSecond
        secondsLeft = summary.secondsLeft
        awaitedEngines = summary.live?.awaitedEngines ?? []
        awaitedPrecisions = summary.live?.awaitedPrecisions ?? []
    }

    static let schema = Schema.object([
        .init("run", .string), .init("name", .string),
        .init("state", .words(["running", "complete", "incomplete", "cancelled"])), .init("build", .string),
        .init("priority", .integer), .init("created", .number), .init("finished", .number, isRequired: false),
        .init("cells", .integer), .init("rows", .integer, isRequired: false),
        .init("rows_expected", .integer, isRequired: false), .init("failures", .integer),
        .init("tokens_per_second", .number), .init("seconds_left", .number, isRequired: false),
        .init("awaited_engines", .array(.string)), .init("awaited_precisions", .array(.string)),
    ])
}

/// Some runs, newest first.
struct RunsJSON: Encodable {
    let runs: [RunJSON]
    /// Where the next page begins; none on the last.
    let nextBefore: String?

    static let schema = Schema.object([
        .init("runs", .array(.named("Run"))), .init("next_before", .string, isRequired: false),
    ])
}

/// A cell with its metrics over the rows that are stored.
struct CellJSON: Encodable {
    struct MetricJSON: Encodable {
        let metric: String
        let value: Double?
        let standardError: Double?
        let interval: [Double]?

        static let schema = Schema.object([
            .init("metric", .words(Metric.allCases.map(\.rawValue))), .init("value", .number, isRequired: false),
            .init("standard_error", .number, isRequired: false),
            .init("interval", .array(.number), isRequired: false),
        ])
    }

    let cell: Int
    let model: String
    let label: String
    let reduction: String
    let benchmark: String
    let precision: String
    let rows: Int
    let rowsExpected: Int
    let isComplete: Bool
    let metrics: [MetricJSON]
    let flopsReduction: Double?
    let flopsReductionWithHead: Double?
    let ties: Int
    let nearTies: Int

    init(_ report: CellReport, label: String) {
        cell = report.cell.ordinal
        model = report.cell.model
        self.label = label
        reduction = report.cell.reduction
        benchmark = report.cell.benchmark
        precision = report.cell.precision
        rows = report.cell.rows
        rowsExpected = report.cell.rowsExpected
        isComplete = report.cell.isComplete
        metrics = report.aggregate.entries.map { entry in
            MetricJSON(
                metric: entry.metric.rawValue, value: entry.value.number, standardError: entry.standardError?.number,
                interval: report.interval(of: entry.metric).flatMap { interval in
                    let ends = [interval.lower, interval.upper]
                    return ends.allSatisfy(\.isFinite) ? ends : nil
                })
        }
        flopsReduction = report.flopsReduction?.number
        flopsReductionWithHead = report.flopsReductionWithHead?.number
        ties = report.ties.tied.count
        nearTies = report.ties.nearlyTied.count
    }

    static let schema = Schema.object([
        .init("cell", .integer), .init("model", .string), .init("label", .string), .init("reduction", .string),
        .init("benchmark", .words(BenchmarkName.allCases.map(\.rawValue))), .init("precision", .string),
        .init("rows", .integer), .init("rows_expected", .integer), .init("is_complete", .boolean),
        .init("metrics", .array(MetricJSON.schema)), .init("flops_reduction", .number, isRequired: false),
        .init("flops_reduction_with_head", .number, isRequired: false), .init("ties", .integer),
        .init("near_ties", .integer),
    ])
}

/// The cells of a run in the manifest's order.
struct CellsJSON: Encodable {
    let run: String
    /// Whether rows came since they were computed.
    let isCurrent: Bool
    let cells: [CellJSON]

    init(_ figures: RunFigures, isCurrent: Bool) {
        run = figures.report.run.run
        self.isCurrent = isCurrent
        let labels = Dictionary(
            figures.report.reductionLabels.map { ($0.reduction, $0.label) }, uniquingKeysWith: { first, _ in first })
        cells = figures.report.cells.map { CellJSON($0, label: labels[$0.cell.reduction] ?? $0.cell.reduction) }
    }

    static let schema = Schema.object([
        .init("run", .string), .init("is_current", .boolean), .init("cells", .array(.named("Cell"))),
    ])
}

extension Double {
    /// What JSON has a number for.
    var number: Double? { isFinite ? self : nil }
}
