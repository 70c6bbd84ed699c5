import Benchmarks
import Store

/// The documents of a cell that have a score, in document order.
struct CellScores {
    /// A document with what a model made of it.
    struct Scored {
        let document: DocumentRecord
        let score: ScoreRecord
        let metrics: DocumentMetrics
        /// Under the paper's metric.
        let decision: Decision
    }

    let benchmark: BenchmarkName
    let scored: [Scored]
    /// Every document of the manifest, scored or not.
    let documents: [DocumentRecord]

    init(_ scores: [ScoreRecord], of documents: [DocumentRecord], benchmark name: String) throws {
        guard let benchmark = BenchmarkName(rawValue: name) else {
            throw ReportError.unknownBenchmark(name, known: BenchmarkName.allCases.map(\.rawValue))
        }
        self.benchmark = benchmark
        self.documents = documents
        var remaining = documents[...]
        scored = try scores.map { score in
            remaining = remaining.drop { $0.index < score.example }
            guard let document = remaining.first, document.index == score.example,
                document.prompts.count == score.choices.count
            else { throw ReportError.mismatch(benchmark: name, document: score.example) }
            let outcomes = zip(score.choices, document.prompts).map { choice, prompt in
                ChoiceOutcome(
                    loglikelihood: choice.loglikelihood, greedy: choice.greedy, characters: prompt.characters,
                    bytes: prompt.bytes)
            }
            let margin = score.choices.map { Double($0.margin) }.min() ?? 0
            return Scored(
                document: document, score: score, metrics: benchmark.metrics(gold: document.gold, outcomes: outcomes),
                decision: benchmark.decision(
                    by: benchmark.description.paperMetric, gold: document.gold, outcomes: outcomes, margin: margin))
        }
    }

    var engines: [ScoringEngine] {
        Set(scored.map { ScoringEngine(build: $0.score.build, kernels: $0.score.engine) }).sorted()
    }

    var tokens: Int { scored.reduce(0) { $0 + $1.score.tokens } }

    /// The mean over input tokens, for a layer's work is proportional to its tokens; nil without rows.
    func weightedMean(_ value: (ScoreRecord) -> Double) -> Double? {
        var sum = 0.0
        var weight = 0.0
        for row in scored {
            let tokens = Double(max(1, row.score.tokens))
            sum += value(row.score) * tokens
            weight += tokens
        }
        return weight > 0 ? sum / weight : nil
    }
}

/// The documents of a run's benchmarks, read once.
struct DocumentShelf {
    private let view: StoreView
    private let numbers: [String: Int64]
    private var shelf: [String: [DocumentRecord]] = [:]

    init(_ view: StoreView, benchmarks: [BenchmarkRecord]) {
        self.view = view
        numbers = Dictionary(benchmarks.map { ($0.name, $0.id) }, uniquingKeysWith: { first, _ in first })
    }

    /// The scores of a cell beside their documents.
    mutating func scores(of cell: CellRecord) throws -> CellScores {
        if shelf[cell.benchmark] == nil, let number = numbers[cell.benchmark] {
            shelf[cell.benchmark] = try view.documents(benchmark: number)
        }
        return try CellScores(
            try view.scores(cell: cell.id), of: shelf[cell.benchmark] ?? [], benchmark: cell.benchmark)
    }
}
