import Cluster
import HTTPTypes
import Hummingbird
import Reports
import Store

/// The JSON interface.
extension Site {
    func addInterface(_ router: Router<BasicRequestContext>) {
        router.get("api/v1/openapi.json") { request, _ in
            Answer.text(Array(OpenAPI.document.compact.utf8), type: "application/json", for: request)
        }
        router.get("api/v1/runs") { request, context in
            let fields = try RequestFields(request, context)
            return try await shared(request) { try runs(fields) }
        }
        router.get("api/v1/runs/:run") { request, context in
            let fields = try RequestFields(request, context)
            return try await shared(request) { try await RunJSON(run(fields.path("run"))) }
        }
        router.get("api/v1/runs/:run/cells") { request, context in
            let run = try await run(RequestFields(request, context).path("run"))
            guard let figures = try await figures(run, patience: Self.longPatience) else {
                throw Refusal(.serviceUnavailable, "the run's figures are still being computed: ask again")
            }
            return try Answer.json(CellsJSON(figures.value, isCurrent: figures.isCurrent), for: request)
        }
        router.get("api/v1/runs/:run/cells/:cell/examples") { request, context in
            let fields = try RequestFields(request, context)
            return try await shared(request) { try await examples(fields) }
        }
        router.get("api/v1/runs/:run/cells/:cell/examples/:example") { request, context in
            let fields = try RequestFields(request, context)
            let facts = try await example(
                fields.index("example"), ofCell: fields.index("cell"), run: fields.path("run"))
            return try Answer.json(ExampleJSON(facts), for: request)
        }
        router.get("api/v1/runs/:run/cells/:cell/examples/:example/reduction") { request, context in
            let fields = try RequestFields(request, context)
            let choice = try fields.number("choice", in: 0...1_000) ?? 0
            let facts = try await example(
                fields.index("example"), ofCell: fields.index("cell"), run: fields.path("run"))
            do {
                let (trace, texts) = try await trace(facts, cell: facts.cell.ordinal, choice: choice)
                return try Answer.json(
                    ReductionJSON(
                        run: facts.run, cell: facts.cell.ordinal, example: facts.document.index, choice: choice, trace,
                        texts: texts), for: request)
            } catch let refusal as TraceRefusal {
                throw Refusal(refusal.isTemporary ? .serviceUnavailable : .unprocessableContent, refusal.description)
            }
        }
        router.get("api/v1/workers") { request, _ in
            try await shared(request) {
                guard let status = feed.moment.status else {
                    throw Refusal(.serviceUnavailable, "the coordinator does not answer")
                }
                return WorkersJSON(status)
            }
        }
        router.get("api/v1/compare") { request, context in
            let question = try CompareQuestion(RequestFields(request, context))
            guard let found = try await comparison(question, patience: Self.longPatience) else {
                throw Refusal(.serviceUnavailable, "the comparison is still being computed: ask again")
            }
            return Answer.text(Array(found.json().utf8), type: "application/json", for: request)
        }
        router.get("api/v1/events") { request, context in
            let fields = try RequestFields(request, context)
            let after = try fields.number("after", in: 0...Int.max) ?? 0
            let limit = try fields.number("limit", in: 1...500) ?? 100
            let events = try await store.read { try $0.events(after: Int64(after), limit: limit + 1) }
            let page = events.prefix(limit)
            return try Answer.json(
                EventsJSON(events: page.map(EventJSON.init), nextAfter: events.count > limit ? page.last?.id : nil),
                for: request)
        }
    }

    /// What many ask for, written once for all until the next look at the coordinator and its store.
    private func shared(_ request: Request, _ value: () async throws -> some Encodable) async throws -> Response {
        let version = feed.moment.version
        return Answer.json(
            try await answers.answer(request.uri.string, version: version, value), for: request)
    }

    private func examples(_ fields: RequestFields) async throws -> ExamplesJSON {
        let name = try fields.path("run")
        let (cell, all) = try await cell(fields.index("cell"), of: name)
        let search = try search(fields, in: cell, of: all)
        return try await store.read { view in
            let page = try search.page(view)
            return ExamplesJSON(
                run: name, cell: cell.ordinal, examples: page.examples.map(ListedExampleJSON.init),
                nextAfter: page.nextAfter)
        }
    }

    private func runs(_ fields: RequestFields) throws -> RunsJSON {
        let limit = try fields.number("limit", in: 1...200) ?? 50
        let before = try fields.text("before")
        let state = try fields.word("state", of: StateFilter.self)
        var runs = feed.moment.runs[...]
        if fields.has("before") {
            guard let place = runs.firstIndex(where: { $0.head.run == before }) else {
                throw Refusal(.notFound, "'before' names a run; '\(before.prefix(40))' is none")
            }
            runs = runs[(place + 1)...]
        }
        let found = runs.filter { state == .any || $0.head.state.rawValue == state.rawValue }
        let page = found.prefix(limit)
        return RunsJSON(
            runs: page.map(RunJSON.init), nextBefore: found.count > limit ? page.last?.head.run : nil)
    }

    /// Which runs are listed.
    enum StateFilter: String, CaseIterable {
        case any, running, complete, incomplete, cancelled
    }
}

/// What is compared with what.
struct CompareQuestion: Sendable {
    let baseline: String
    let candidate: String
    /// Labels of two reductions; empty to pair equal ones.
    let baselineLabel: String
    let candidateLabel: String

    init(_ fields: RequestFields) throws {
        baseline = try fields.text("baseline")
        let other = try fields.text("candidate")
        candidate = other.isEmpty ? baseline : other
        baselineLabel = try fields.text("baseline_label")
        candidateLabel = try fields.text("candidate_label")
        guard !baseline.isEmpty else { throw Refusal(.badRequest, "'baseline' names the run to compare against") }
        guard baselineLabel.isEmpty == candidateLabel.isEmpty else {
            throw Refusal(
                .unprocessableContent, "'baseline_label' and 'candidate_label' are given together or not at all")
        }
        guard baseline != candidate || !baselineLabel.isEmpty else {
            throw Refusal(
                .unprocessableContent, "name a second run in 'candidate', or two reductions of this one by their labels"
            )
        }
    }

    var key: String { "compare " + [baseline, candidate, baselineLabel, candidateLabel].joined(separator: "\u{0}") }
}

extension Site {
    /// A comparison; nil where it is still being computed when patience ends.
    func comparison(_ question: CompareQuestion, patience: Duration) async throws -> ComparisonOfRuns? {
        let versions = try await [run(question.baseline).version, run(question.candidate).version]
        do {
            return try await comparisons.value(
                question.key, version: versions.joined(separator: "|"), patience: patience
            ) { [store] in
                try await store.readWhole { view in
                    let first = try ComparableRun(view, run: question.baseline)
                    let second =
                        question.candidate == question.baseline
                        ? first : try ComparableRun(view, run: question.candidate)
                    return try ComparisonOfRuns(
                        baseline: first, candidate: second,
                        between: question.baselineLabel.isEmpty
                            ? nil : (question.baselineLabel, question.candidateLabel))
                }
            }?.value
        } catch let error as ComparisonError {
            throw Refusal(.unprocessableContent, "\(error)")
        }
    }
}
