import Benchmarks
import Mamba
import ModelFiles
import Operations
import OrderedJSON

/// A key of one of a job file's mappings: the reader accepts it, and the schema describes it.
struct JobKey: Sendable {
    let name: String
    /// What it is, in a sentence.
    let text: String
    /// Its values as JSON Schema.
    let value: JSONText
    var isRequired = false
}

/// A text that has to look in a certain way.
struct TextForm: Sendable {
    /// An expression for the whole text, which JSON Schema and Foundation read alike.
    let pattern: String
    /// What it asks for, in words.
    let text: String

    func matches(_ text: String) -> Bool {
        text.range(of: pattern, options: .regularExpression) == text.startIndex..<text.endIndex
    }

    /// Fit for file names and terminals.
    static let name = TextForm(
        pattern: "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$",
        text: "a run's name has 1 to 64 letters, digits, '-', '_' or '.'")
    static let repository = TextForm(
        pattern: "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}/[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}$",
        text: "'hub' is a repository, OWNER/NAME")
    static let revision = TextForm(
        pattern: "^[0-9a-f]{40}$", text: "'revision' is a commit of the repository, 40 hexadecimal digits")
}

/// The keys of a job file's mappings, those of a reduction aside.
enum JobKeys {
    static let job = [
        JobKey(
            name: "name", text: "What the run is called, with a suffix that makes it unique.",
            value: ["type": "string", "pattern": .string(TextForm.name.pattern)], isRequired: true),
        JobKey(
            name: "models", text: "The checkpoints.",
            value: ["type": "array", "minItems": 1, "items": ["$ref": "#/$defs/model"]], isRequired: true),
        JobKey(
            name: "tokenizer",
            text: "The path of tokenizer.json; without it, the published models' own, which `coord fetch` gets.",
            value: text),
        JobKey(
            name: "benchmarks", text: "The benchmarks, each once.",
            value: ["type": "array", "minItems": 1, "items": ["$ref": "#/$defs/benchmark"]]),
        JobKey(
            name: "efficiency",
            text:
                "Instead of benchmarks, what to measure, each once; a published model that was not fetched has random "
                + "weights then.",
            value: ["type": "array", "minItems": 1, "items": ["$ref": "#/$defs/measure"]]),
        JobKey(
            name: "reductions", text: "What every model is evaluated under; a list of a key's values sweeps.",
            value: reductions),
        JobKey(
            name: "precision", text: "How products are computed; all else is float32. Only GPUs have fp16.",
            value: names(Precision.self, standard: Precision.fp32)),
    ]

    static let model = [
        JobKey(
            name: "id", text: "What reports call the model; a published name stands for its repository, too.",
            value: ["type": "string", "minLength": 1, "examples": .texts(PublishedShape.onHub.map(\.rawValue))],
            isRequired: true),
        JobKey(name: "path", text: "The checkpoint's folder: config.json with its weights.", value: text),
        JobKey(
            name: "hub", text: "Its repository on the Hugging Face hub, OWNER/NAME, which `coord fetch` gets.",
            value: ["type": "string", "pattern": .string(TextForm.repository.pattern)]),
        JobKey(
            name: "revision", text: "A commit of the repository, 40 hexadecimal digits.",
            value: ["type": "string", "pattern": .string(TextForm.revision.pattern)]),
        JobKey(
            name: "shape", text: "A published model's shape, to measure with random weights instead of a checkpoint's.",
            value: names(PublishedShape.self)),
        JobKey(
            name: "reductions", text: "What this model alone is evaluated under, after what every model is.",
            value: reductions),
    ]

    static let benchmark = [
        JobKey(
            name: "name", text: "Its name, as in lm-evaluation-harness.",
            value: ["enum": .texts(BenchmarkName.allCases.map(\.rawValue))], isRequired: true),
        JobKey(
            name: "data",
            text: "The path of its rows, JSON Lines; without it, those that `coord fetch` gets.", value: text),
        JobKey(
            name: "labels", text: "The path of its labels, where the publisher keeps them in a file of their own.",
            value: text),
        JobKey(
            name: "limit", text: "Only the first so many documents.", value: ["type": "integer", "minimum": 1]),
    ]

    static let measure = [
        JobKey(
            name: "kind", text: "The most memory that a pass takes, or the time of a generation.",
            value: names(Measure.Kind.self), isRequired: true),
        JobKey(
            name: "prompt_tokens", text: "Tokens of each sequence.",
            value: whole(JobFile.measureLimits.promptTokens), isRequired: true),
        JobKey(name: "batch", text: "Sequences.", value: whole(JobFile.measureLimits.batch), isRequired: true),
        JobKey(
            name: "new_tokens", text: "Of throughput: tokens that each sequence is given.",
            value: whole(JobFile.measureLimits.newTokens)),
        JobKey(
            name: "repeats", text: "Of throughput: timed generations, each beside an unreduced one.",
            value: whole(JobFile.measureLimits.repeats).adding(["default": .integer(Measure.standardRepeats)])),
        JobKey(
            name: "logits",
            text: "Of memory: whether the logits of all rows are held at once, or each sequence's last row is rated.",
            value: names(Measure.Logits.self, standard: Measure.Logits.all)),
    ]

    private static func whole(_ range: ClosedRange<Int>) -> JSONText {
        [
            "type": "integer", "minimum": .integer(range.lowerBound),
            "maximum": .integer(range.upperBound),
        ]
    }

    private static let text: JSONText = ["type": "string", "minLength": 1]
    private static let reductions: JSONText = [
        "type": "array", "minItems": 1, "items": ["$ref": "#/$defs/reduction"],
    ]

    /// The names of a table, and the one that is taken when none is given.
    static func names<T: RawRepresentable<String> & CaseIterable>(_ table: T.Type, standard: T? = nil) -> JSONText {
        let names: JSONText = ["enum": .texts(table.allCases.map(\.rawValue))]
        return standard.map { names.adding(["default": .string($0.rawValue)]) } ?? names
    }
}
