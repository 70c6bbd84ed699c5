import Benchmarks
import Reports
import Scoring
import Store
import Wording

/// One example with what every cell of its run made of it.
struct ExampleFacts: Sendable {
    /// A cell's row.
    struct Score: Sendable {
        let cell: CellHead
        let label: String
        let answer: JudgedAnswer
        let score: ExampleScore
    }

    /// One request in tokens.
    struct TokenRequest: Sendable {
        let context: [Int32]
        let continuation: [Int32]
    }

    let run: String
    let cell: CellHead
    let label: String
    let document: DocumentRecord
    /// In the order of the choices.
    let requests: [TokenRequest]
    /// Of the same model, benchmark and precision, in the manifest's order.
    let scores: [Score]
    /// The cells that have no row yet.
    let missing: [String]
    let tokenizerSHA256: String

    init(_ view: StoreView, run: String, cell: CellHead, of outline: RunOutline, example: Int) throws {
        guard let (record, requests) = try view.document(benchmark: cell.benchmarkID, example: example),
            let benchmark = BenchmarkName(rawValue: cell.benchmark)
        else { throw Refusal(.notFound, "\(cell.benchmark) has no document \(example) in run \(run)") }
        var scores: [Score] = []
        var missing: [String] = []
        for (other, label) in zip(outline.cells, outline.labels) where other.isSibling(of: cell) {
            guard let score = try view.score(cell: other.id, example: example), !score.choices.isEmpty else {
                missing.append(label)
                continue
            }
            let answer = JudgedAnswer(
                score.choices, gold: record.gold, characters: record.prompts.map(\.characters),
                bytes: record.prompts.map(\.bytes), benchmark: benchmark)
            scores.append(Score(cell: other, label: label, answer: answer, score: score))
        }
        self.run = run
        self.cell = cell
        self.label = outline.label(of: cell)
        document = record
        self.requests = requests.groups.flatMap { group in
            group.continuations.map { TokenRequest(context: group.context, continuation: $0.tokens) }
        }
        self.scores = scores
        self.missing = missing
        tokenizerSHA256 = try view.benchmarks(run: run).first { $0.id == cell.benchmarkID }?.tokenizerSHA256 ?? ""
    }
}

extension CellHead {
    /// Whether it asks the same model the same, perhaps under another reduction.
    func isSibling(of other: CellHead) -> Bool {
        model == other.model && benchmarkID == other.benchmarkID && precision == other.precision
    }
}

extension Site {
    /// An example of a cell.
    func example(_ number: Int, ofCell ordinal: Int, run: String) async throws -> ExampleFacts {
        let (cell, outline) = try await cell(ordinal, of: run)
        return try await store.read { try ExampleFacts($0, run: run, cell: cell, of: outline, example: number) }
    }

    /// What a cell's reduction did to one choice of an example, with the tokens' spelling where that is known.
    func trace(_ facts: ExampleFacts, cell: Int, choice: Int) async throws -> (trace: ReductionTrace, texts: [String]?)
    {
        guard facts.requests.indices.contains(choice) else {
            throw Refusal(
                .notFound, "the example has \(counted(facts.requests.count, "choice")), from 0; \(choice) is none")
        }
        let trace = try await source.trace(run: facts.run, cell: cell, example: facts.document.index, choice: choice)
        let texts = try? await source.texts(
            run: facts.run, tokenizerSHA256: facts.tokenizerSHA256, tokens: trace.input)
        return (trace, texts.flatMap { $0.count == trace.input.count ? $0 : nil })
    }
}
