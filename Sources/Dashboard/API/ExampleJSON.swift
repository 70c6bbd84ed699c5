import Benchmarks
import Scoring
import Store

/// One cell's answer to an example.
struct AnswerJSON: Encodable {
    let isRight: Bool
    let choice: Int?
    let margin: Double?
    let isNearTie: Bool
    /// null where it is no number.
    let loglikelihoods: [Double?]

    init(_ answer: JudgedAnswer) {
        isRight = answer.decision.isRight
        choice = answer.decision.choice
        margin = answer.decision.margin.number
        isNearTie = answer.isClose
        loglikelihoods = answer.choices.map(\.loglikelihood.number)
    }

    static let schema = Schema.object([
        .init("is_right", .boolean), .init("choice", .integer, isRequired: false),
        .init("margin", .number, isRequired: false), .init("is_near_tie", .boolean),
        .init("loglikelihoods", .array(.nullable(.number))),
    ])
}

/// An example in a list.
struct ListedExampleJSON: Encodable {
    let example: Int
    let gold: Int?
    let answer: AnswerJSON
    let other: AnswerJSON?
    let disagrees: Bool
    /// The beginning of the document.
    let excerpt: String

    init(_ judged: JudgedExample) {
        example = judged.example.example
        gold = judged.example.gold
        answer = AnswerJSON(judged.answer)
        other = judged.other.map(AnswerJSON.init)
        disagrees = judged.example.disagrees
        excerpt = Excerpt.of(judged.document)
    }

    static let schema = Schema.object([
        .init("example", .integer), .init("gold", .integer, isRequired: false), .init("answer", .named("Answer")),
        .init("other", .named("Answer"), isRequired: false), .init("disagrees", .boolean),
        .init("excerpt", .string),
    ])
}

/// A page of examples.
struct ExamplesJSON: Encodable {
    let run: String
    let cell: Int
    let examples: [ListedExampleJSON]
    let nextAfter: Int?

    static let schema = Schema.object([
        .init("run", .string), .init("cell", .integer), .init("examples", .array(.named("ListedExample"))),
        .init("next_after", .integer, isRequired: false),
    ])
}

/// One example with every cell's answer.
struct ExampleJSON: Encodable {
    struct ChoiceJSON: Encodable {
        let context: String
        let continuation: String
        let tokens: Int
        let characters: Int

        static let schema = Schema.object([
            .init("context", .string), .init("continuation", .string), .init("tokens", .integer),
            .init("characters", .integer),
        ])
    }

    struct ScoreJSON: Encodable {
        let cell: Int
        let model: String
        let label: String
        let answer: AnswerJSON
        let worker: String
        let engine: String
        let flopsReduction: Double?

        static let schema = Schema.object([
            .init("cell", .integer), .init("model", .string), .init("label", .string),
            .init("answer", .named("Answer")), .init("worker", .string), .init("engine", .string),
            .init("flops_reduction", .number, isRequired: false),
        ])
    }

    let run: String
    let cell: Int
    let example: Int
    let benchmark: String
    let document: String
    let documentHash: String
    let target: String
    let gold: Int?
    let choices: [ChoiceJSON]
    let scores: [ScoreJSON]

    init(_ facts: ExampleFacts) {
        run = facts.run
        cell = facts.cell.ordinal
        example = facts.document.index
        benchmark = facts.cell.benchmark
        document = facts.document.document
        documentHash = facts.document.documentHash
        target = facts.document.target
        gold = facts.document.gold
        choices = zip(facts.document.prompts, facts.requests).map { prompt, request in
            ChoiceJSON(
                context: prompt.context, continuation: prompt.continuation, tokens: request.continuation.count,
                characters: prompt.characters)
        }
        scores = facts.scores.map {
            ScoreJSON(
                cell: $0.cell.ordinal, model: $0.cell.model, label: $0.label, answer: AnswerJSON($0.answer),
                worker: $0.score.worker, engine: $0.score.engine, flopsReduction: $0.score.flopsReduction)
        }
    }

    static let schema = Schema.object([
        .init("run", .string), .init("cell", .integer), .init("example", .integer),
        .init("benchmark", .words(BenchmarkName.allCases.map(\.rawValue))), .init("document", .string),
        .init("document_hash", .string), .init("target", .string), .init("gold", .integer, isRequired: false),
        .init("choices", .array(ChoiceJSON.schema)), .init("scores", .array(ScoreJSON.schema)),
    ])
}

/// What a reduction did to one choice of an example.
struct ReductionJSON: Encodable {
    struct StepJSON: Encodable {
        let layer: Int
        let entered: Int
        let removals: [RemovalJSON]

        static let schema = Schema.object([
            .init("layer", .integer), .init("entered", .integer), .init("removals", .array(RemovalJSON.schema)),
        ])
    }

    struct RemovalJSON: Encodable {
        let position: Int
        let hiddenInto: Int?
        let residualInto: Int?
        let importance: Double?

        static let schema = Schema.object([
            .init("position", .integer), .init("hidden_into", .integer, isRequired: false),
            .init("residual_into", .integer, isRequired: false), .init("importance", .number, isRequired: false),
        ])
    }

    let run: String
    let cell: Int
    let example: Int
    let choice: Int
    let tokens: [Int32]
    let texts: [String]?
    let reducible: Int
    let scored: Int
    let steps: [StepJSON]
    let survivors: [Int]

    init(run: String, cell: Int, example: Int, choice: Int, _ trace: ReductionTrace, texts: [String]?) {
        self.run = run
        self.cell = cell
        self.example = example
        self.choice = choice
        self.texts = texts
        tokens = trace.input
        reducible = trace.reducible
        scored = trace.scored
        steps = trace.steps.map { step in
            StepJSON(
                layer: step.layer, entered: step.entered,
                removals: step.removals.map {
                    RemovalJSON(
                        position: $0.position, hiddenInto: $0.hiddenInto, residualInto: $0.residualInto,
                        importance: $0.importance.flatMap { Double($0).number })
                })
        }
        survivors = trace.survivors
    }

    static let schema = Schema.object([
        .init("run", .string), .init("cell", .integer), .init("example", .integer), .init("choice", .integer),
        .init("tokens", .array(.integer)), .init("texts", .array(.string), isRequired: false),
        .init("reducible", .integer), .init("scored", .integer), .init("steps", .array(StepJSON.schema)),
        .init("survivors", .array(.integer)),
    ])
}

/// The beginning of a document for a list.
enum Excerpt {
    private static let length = 160

    /// The document's longest texts tell most; JSON's punctuation tells nothing.
    static func of(_ document: String) -> String {
        var words: [Substring] = []
        var length = 0
        for part in document.split(separator: "\"") where part.contains(" ") && part.contains(where: \.isLetter) {
            words.append(part)
            length += part.count
            if length > Self.length { break }
        }
        let text = words.isEmpty ? document : words.joined(separator: " · ")
        let plain = text.replacing("\\n", with: " ")
        return plain.count > Self.length ? plain.prefix(Self.length) + "…" : plain
    }
}
