import Benchmarks
import Store

/// Which examples of a cell are looked for.
enum ExampleFilter: String, CaseIterable {
    case all
    case wrong, right
    /// Right on one side and wrong on the other; right only on the other side; right only on this one.
    case flipped, lost, gained
    /// Decided by nothing, or by less than a score may drift.
    case nearTie = "near_tie"
    /// With a second result that differs.
    case disagreeing

    /// What the filter is called on a page.
    var title: String {
        switch self {
        case .all: "all"
        case .wrong: "answered wrongly"
        case .right: "answered rightly"
        case .flipped: "flipped either way"
        case .lost: "lost: right there, wrong here"
        case .gained: "gained: wrong there, right here"
        case .nearTie: "ties and near-ties"
        case .disagreeing: "computed twice, differently"
        }
    }

    /// Whether it needs a second cell.
    var compares: Bool { [.flipped, .lost, .gained].contains(self) }
}

/// One side's answer to an example.
struct JudgedAnswer: Sendable {
    let decision: Decision
    let choices: [ChoiceScore]

    init(_ choices: [ChoiceScore], gold: Int?, characters: [Int], bytes: [Int], benchmark: BenchmarkName) {
        self.choices = choices
        let outcomes = choices.indices.map { place in
            ChoiceOutcome(
                loglikelihood: choices[place].loglikelihood, greedy: choices[place].greedy,
                characters: place < characters.count ? characters[place] : 1,
                bytes: place < bytes.count ? bytes[place] : 1)
        }
        decision = benchmark.decision(
            by: benchmark.description.paperMetric, gold: gold, outcomes: outcomes,
            margin: choices.map { Double($0.margin) }.min() ?? 0)
    }

    var isClose: Bool { decision.isTie || decision.isNearTie }
}

/// A scored example with the answers of one cell and perhaps another.
struct JudgedExample: Sendable {
    let example: ScoredExample
    let answer: JudgedAnswer
    let other: JudgedAnswer?
    /// JSON text as lm-evaluation-harness sees it; read for those that are shown only.
    var document = ""

    init?(_ example: ScoredExample, benchmark: BenchmarkName) {
        // A row without a choice is none that a worker sends.
        guard !example.choices.isEmpty else { return nil }
        self.example = example
        func judge(_ choices: [ChoiceScore]) -> JudgedAnswer {
            JudgedAnswer(
                choices, gold: example.gold, characters: example.characters, bytes: example.bytes, benchmark: benchmark)
        }
        answer = judge(example.choices)
        other = example.otherChoices.flatMap { $0.isEmpty ? nil : judge($0) }
    }

    /// Whether a filter lets it through.
    func passes(_ filter: ExampleFilter) -> Bool {
        let isRight = answer.decision.isRight
        let wasRight = other?.decision.isRight
        return switch filter {
        case .all: true
        case .wrong: !isRight
        case .right: isRight
        case .flipped: wasRight.map { $0 != isRight } ?? false
        case .lost: wasRight == true && !isRight
        case .gained: wasRight == false && isRight
        case .nearTie: answer.isClose || other?.isClose ?? false
        case .disagreeing: example.disagrees
        }
    }
}

/// A page of a search through a cell's examples.
struct ExamplePage: Sendable {
    let examples: [JudgedExample]
    /// The last example of this page, after which the next begins; nil on the last page.
    let nextAfter: Int?
}

/// A search through a cell's examples, in document order.
struct ExampleSearch: Sendable {
    let cell: CellHead
    let other: CellHead?
    let filter: ExampleFilter
    let text: String
    let after: Int
    let limit: Int

    /// Rows that are read at a time, and examined at most before an answer.
    private static let batch = 1_000
    private static let examined = 40_000

    /// Reads until the page is full, keyset by keyset.
    func page(_ view: StoreView) throws -> ExamplePage {
        guard let benchmark = BenchmarkName(rawValue: cell.benchmark) else {
            throw Refusal(.notFound, "this build does not know the benchmark '\(cell.benchmark.prefix(40))'")
        }
        var found: [JudgedExample] = []
        var last = after
        var read = 0
        while read < Self.examined {
            let size = filter == .all ? limit + 1 : Self.batch
            let rows = try view.scoredExamples(
                cell: cell, against: other, containing: text, onlyDisagreeing: filter == .disagreeing, after: last,
                limit: size)
            read += size
            for row in rows {
                if let judged = JudgedExample(row, benchmark: benchmark), judged.passes(filter) {
                    if found.count == limit {
                        return try finish(found, nextAfter: found.last?.example.example, view)
                    }
                    found.append(judged)
                }
                last = row.example
            }
            if rows.count < size { return try finish(found, nextAfter: nil, view) }
        }
        return try finish(found, nextAfter: last, view)
    }

    private func finish(_ found: [JudgedExample], nextAfter: Int?, _ view: StoreView) throws -> ExamplePage {
        let texts = try view.texts(benchmark: cell.benchmarkID, examples: found.map(\.example.example))
        let examples = found.map { judged in
            var judged = judged
            judged.document = texts[judged.example.example] ?? ""
            return judged
        }
        return ExamplePage(examples: examples, nextAfter: nextAfter)
    }
}

extension Site {
    /// The search that a request asks for in a cell.
    func search(_ fields: RequestFields, in cell: CellHead, of outline: RunOutline) throws -> ExampleSearch {
        let filter = try fields.word("filter", of: ExampleFilter.self)
        let other = try fields.number("against", in: 0...1_000_000).map { ordinal in
            guard
                let other = outline.cells.first(where: { $0.ordinal == ordinal && $0.benchmarkID == cell.benchmarkID })
            else {
                throw Refusal(.notFound, "'against' names a cell of the same run and benchmark; \(ordinal) is none")
            }
            return other
        }
        guard !filter.compares || other != nil else {
            throw Refusal(
                .unprocessableContent, "the filter \(filter.rawValue) compares two cells: name the other in 'against'")
        }
        return ExampleSearch(
            cell: cell, other: other, filter: filter, text: try fields.text("q"),
            after: try fields.number("after", in: 0...Int(Int32.max)) ?? -1,
            limit: try fields.number("limit", in: 1...200) ?? 50)
    }
}
