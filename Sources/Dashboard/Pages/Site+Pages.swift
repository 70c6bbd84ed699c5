import Cluster
import Hummingbird
import Reports
import Store

/// The pages.
extension Site {
    func addPages(_ router: Router<BasicRequestContext>) {
        router.get("/") { request, context in
            let number = try RequestFields(request, context).number("page", in: 0...1_000_000) ?? 0
            let moment = feed.moment
            return Answer.page(
                rendered.page("/?page=\(number)", version: moment.version) { .runs(moment, page: number) }, for: request
            )
        }
        router.get("runs/:run") { request, context in
            let run = try await run(RequestFields(request, context).path("run"))
            let name = run.head.run
            let figures = try await figures(run, patience: Self.patience)
            let outline = try await outlines.outline(of: name, in: store)
            let version = "\(feed.moment.version) \(run.version) \(figures?.value.version ?? "")"
            return Answer.page(
                rendered.page("/runs/\(name)", version: version) {
                    .run(run, figures: figures, outline: outline)
                }, for: request)
        }
        router.get("runs/:run/cells/:cell/examples") { request, context in
            let fields = try RequestFields(request, context)
            let name = try fields.path("run")
            let (cell, all) = try await cell(fields.index("cell"), of: name)
            let search = try search(fields.withDefaultRival(cell, all.cells), in: cell, of: all)
            let found = try await store.read { try search.page($0) }
            let rivals = zip(all.cells, all.labels).filter {
                $0.0.id != cell.id && $0.0.benchmarkID == cell.benchmarkID
            }
            let list = ExamplesList(
                run: name, cell: cell, label: all.label(of: cell),
                rivals: rivals.map { rival, label in
                    (rival, rival.model == cell.model ? label : "\(rival.model), \(label)")
                }, search: search, found: found)
            return Answer.page(.examples(list), for: request)
        }
        router.get("runs/:run/cells/:cell/examples/:example") { request, context in
            let fields = try RequestFields(request, context)
            let facts = try await example(
                fields.index("example"), ofCell: fields.index("cell"), run: fields.path("run"))
            let choice = try fields.number("choice", in: 0...1_000) ?? 0
            let method = try fields.number("method", in: 0...1_000_000)
            return try await Answer.page(
                .example(
                    ExampleView(
                        facts: facts, method: method, choice: choice,
                        reduction: method.asyncMap { try await shown(facts, method: $0, choice: choice) })),
                for: request)
        }
        router.get("workers") { request, _ in
            let moment = feed.moment
            return Answer.page(
                rendered.page("/workers", version: moment.version) { .workers(moment.status) }, for: request)
        }
        router.get("events") { request, _ in
            let events = try await store.read { try $0.lastEvents(200).reversed().map(EventJSON.init) }
            return Answer.page(.events(events), for: request)
        }
        router.get("compare") { request, context in
            let fields = try RequestFields(request, context)
            return try await Answer.page(.compare(compareView(fields)), for: request)
        }
    }

    private func shown(_ facts: ExampleFacts, method: Int, choice: Int) async throws -> ShownReduction {
        guard facts.scores.contains(where: { $0.cell.ordinal == method }) else {
            throw Refusal(.notFound, "cell \(method) has not scored this document")
        }
        do {
            let (trace, texts) = try await trace(facts, cell: method, choice: choice)
            return .trace(trace, texts: texts)
        } catch let refusal as TraceRefusal {
            return .refused(refusal.description)
        }
    }

    private func compareView(_ fields: RequestFields) async throws -> CompareView {
        let runs = Array(feed.moment.heads.reversed().prefix(200))
        let named = try fields.text("baseline")
        var question: CompareQuestion?
        var refusal: String?
        var found: ComparisonOfRuns?
        do {
            if !named.isEmpty {
                let asked = try CompareQuestion(fields)
                question = asked
                found = try await comparison(asked, patience: Self.patience)
            }
        } catch let error as Refusal {
            refusal = error.detail
        }
        let baseline = question?.baseline ?? (named.isEmpty ? runs.first?.run ?? "" : named)
        let other = try fields.text("candidate")
        let candidate = question?.candidate ?? (other.isEmpty ? baseline : other)
        let first = try await outlines.outline(of: baseline, in: store)
        let second = try await outlines.outline(of: candidate, in: store)
        return CompareView(
            runs: runs, question: question, labels: (Self.labels(first), Self.labels(second)), found: found,
            refusal: refusal, cells: Self.places(second.cells), baselineCells: Self.places(first.cells))
    }

    private static func labels(_ outline: RunOutline) -> [String] {
        var seen: Set<String> = []
        return outline.labels.filter { seen.insert($0).inserted }
    }

    private static func places(_ cells: [CellHead]) -> [String: Int] {
        Dictionary(
            cells.map { (CompareView.key($0.model, $0.reduction, $0.benchmark), $0.ordinal) },
            uniquingKeysWith: { first, _ in first })
    }
}

extension RequestFields {
    /// The same, with the unreduced cell to compare with where a form's filter needs one and names none.
    func withDefaultRival(_ cell: CellHead, _ all: [CellHead]) throws -> RequestFields {
        guard try word("filter", of: ExampleFilter.self).compares, try text("against").isEmpty else { return self }
        let rivals = all.filter { $0.id != cell.id && $0.benchmarkID == cell.benchmarkID }
        guard let rival = rivals.first(where: { $0.isUnreduced && $0.isSibling(of: cell) }) ?? rivals.first else {
            return self
        }
        return adding("against", "\(rival.ordinal)")
    }
}

extension Optional {
    fileprivate func asyncMap<Value>(_ transform: (Wrapped) async throws -> Value) async rethrows -> Value? {
        if let self { try await transform(self) } else { nil }
    }
}
