import Benchmarks
import Mamba
import ModelFiles
import OrderedJSON

extension JobFile {
    /// The JSON Schema (draft 2020-12) of job files, written from the tables that the reader goes by, so that editors
    /// complete and check them.
    ///
    /// The reader knows more: whether names repeat, files exist, layers ascend and are in the model.
    public static var schema: String { document.text(width: 120) + "\n" }

    private static var document: JSONText {
        let job = mapping(
            "What to evaluate: models × reductions × benchmarks, or what to measure of them. Paths start at the job file's folder.",
            JobKeys.job)
        let title: JSONText = ["$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Molt job"]
        return title.adding(job)
            .adding([
                "anyOf": [
                    ["required": ["reductions"]],
                    ["properties": ["models": ["items": ["type": "object", "required": ["reductions"]]]]],
                ],
                "oneOf": [
                    [
                        "required": ["benchmarks"],
                        "properties": ["models": ["items": ["not": ["type": "object", "required": ["shape"]]]]],
                    ],
                    ["required": ["efficiency"], "properties": ["tokenizer": false]],
                ],
                "$defs": ["model": model, "benchmark": benchmark, "measure": measure, "reduction": reduction],
            ])
    }

    private static var model: JSONText {
        let published: JSONText = ["enum": .texts(PublishedShape.onHub.map(\.rawValue))]
        let full = mapping("A checkpoint in a folder or on the hub.", JobKeys.model).adding([
            "anyOf": [
                ["required": ["path"]], ["required": ["hub"]], ["required": ["shape"]],
                ["properties": ["id": published]],
            ],
            "dependentSchemas": [
                "path": ["properties": ["hub": false, "revision": false]],
                "shape": ["properties": ["path": false, "hub": false, "revision": false]],
            ],
        ])
        return ["description": "A published model's name, or a mapping.", "anyOf": [published, full]]
    }

    private static var benchmark: JSONText {
        let name: JSONText = ["enum": .texts(BenchmarkName.allCases.map(\.rawValue))]
        let full = mapping("A benchmark with its rows.", JobKeys.benchmark)
            .adding(["dependentRequired": ["labels": ["data"]]])
        return ["description": "A benchmark's name, or a mapping.", "anyOf": [name, full]]
    }

    private static var measure: JSONText {
        func when(_ kind: Measure.Kind, _ rule: JSONText) -> JSONText {
            ["if": ["properties": ["kind": ["const": .string(kind.rawValue)]], "required": ["kind"]], "then": rule]
        }
        return mapping("What to measure, on sequences of random tokens.", JobKeys.measure).adding([
            "allOf": [
                when(.memory, ["properties": ["new_tokens": false, "repeats": false]]),
                when(.throughput, ["required": ["new_tokens"], "properties": ["logits": false]]),
            ]
        ])
    }

    private static var reduction: JSONText {
        let full = mapping("Which tokens go, after which layers and how.", JobKeys.reduction)
            .adding(["allOf": .array(Reduction.Method.allCases.flatMap(\.conditions))])
        return ["description": "none, or a mapping; lists of values sweep.", "anyOf": [["const": "none"], full]]
    }

    private static func mapping(_ text: String, _ keys: [JobKey]) -> JSONText {
        let properties = keys.map { key in
            (key.name, JSONText.described(key.text).adding(key.value))
        }
        return [
            "description": .string(text), "type": "object", "additionalProperties": false,
            "required": .texts(keys.filter(\.isRequired).map(\.name)), "properties": .object(properties),
        ]
    }
}

extension JSONText {
    fileprivate static func described(_ text: String) -> JSONText { ["description": .string(text)] }
}
