import Hummingbird
import Reports
import Store

/// Everything that the dashboard answers, and what it answers from.
struct Site: Sendable {
    let options: DashboardOptions
    let source: any DashboardSource
    let store: StorePool
    let feed: LiveFeed
    let reports: Shelf<RunFigures>
    let comparisons: Shelf<ComparisonOfRuns>
    let outlines = Outlines()
    let rendered = RenderedPages()
    let answers = RenderedPages()
    let traffic = Traffic()

    /// How long a page waits for figures that are not there, and an answer to a script.
    static let patience: Duration = .milliseconds(100)
    static let longPatience: Duration = .seconds(20)

    init(options: DashboardOptions, source: any DashboardSource, store: StorePool, feed: LiveFeed) {
        self.options = options
        self.source = source
        self.store = store
        self.feed = feed
        let viewers = feed.viewers
        reports = Shelf(limit: 16) { viewers.tell(LiveMessage.ready($0)) }
        comparisons = Shelf(limit: 32) { viewers.tell(LiveMessage.ready($0)) }
    }

    /// All routes behind the gate.
    func router() -> Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.add(middleware: Gate(options: options, traffic: traffic))
        addPages(router)
        addInterface(router)
        addOperations(router)
        if let models = options.models { addModels(router, of: models) }
        return router
    }

    /// A run with its counts.
    ///
    /// - Throws: ``Refusal`` for an unknown one.
    func run(_ name: String) async throws -> RunSummary {
        let moment = feed.moment
        if let known = moment.heads.first(where: { $0.run == name }) {
            return RunSummary(known, counted: moment.counts[name], status: moment.status)
        }
        guard let head = try await store.read({ try $0.runHead(name) }) else {
            throw Refusal(.notFound, "there is no run '\(name.prefix(80))'")
        }
        return RunSummary(head, counted: moment.counts[name], status: moment.status)
    }

    /// A run's figures; nil where they are still being computed when patience ends.
    func figures(_ run: RunSummary, patience: Duration) async throws -> (value: RunFigures, isCurrent: Bool)? {
        let name = run.head.run
        return try await reports.value("run \(name)", version: run.version, patience: patience) { [store] in
            try await store.readWhole { try RunFigures($0, run: name) }
        }
    }

    /// The cell of a run, and all its cells.
    func cell(_ ordinal: Int, of run: String) async throws -> (cell: CellHead, all: RunOutline) {
        let outline = try await outlines.outline(of: run, in: store)
        guard let cell = outline.cells.first(where: { $0.ordinal == ordinal }) else {
            throw outline.cells.isEmpty
                ? Refusal(.notFound, "there is no run '\(run.prefix(80))'")
                : Refusal(.notFound, "run \(run) has no cell \(ordinal): it has \(outline.cells.count), from 0")
        }
        return (cell, outline)
    }
}

/// What a run's pages and answers show of its rows.
struct RunFigures: Sendable {
    let report: RunReport
    let sections: RunSections

    /// What changes when rows come.
    var version: String { "\(report.run.rows) \(report.run.state.rawValue) \(report.run.failures)" }

    init(_ view: StoreView, run: String) throws {
        // The resampled error of a perplexity and its ratio cost seconds; intervals have closed forms.
        report = try RunReport(view, run: run, bootstrapIterations: 0)
        sections = report.sections()
    }
}
