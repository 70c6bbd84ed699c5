import Foundation
import Jobs
import TestSupport
import Testing

/// A job file with one mistake, the line of it and what has to be said.
struct Mistake: Sendable, CustomTestStringConvertible {
    let text: String
    let line: Int
    let says: [String]

    init(_ text: String, line: Int, says: String...) {
        (self.text, self.line, self.says) = (text, line, says)
    }

    var testDescription: String { says.joined(separator: " … ") }
}

@Suite("Mistakes in job files")
struct JobMistakeTests {
    /// Lines 1 to 3, and the line 4 that most jobs need.
    static let models = "name: quick\nmodels: [{id: tiny, path: models/tiny}]\ntokenizer: t.json\n"
    static let benchmarks = "benchmarks: [piqa]\n"
    static let reductions = models + benchmarks + "reductions:\n"

    func check(_ mistake: Mistake) throws {
        let error = try #require(throws: JobFileError.self) {
            try JobFile(yaml: mistake.text, file: "job.yaml", folder: URL(fileURLWithPath: "/jobs"))
        }
        #expect("\(error)".hasPrefix("job.yaml:\(mistake.line): "), "\(error)")
        for words in mistake.says { #expect("\(error)".contains(words), "\(error)") }
    }

    @Test(
        "a mistake in the text is named with its line",
        arguments: [
            Mistake("name: [", line: 2, says: "not YAML"),
            Mistake("name: a\nname: b\n", line: 1, says: "'name' occurs more than once"),
            Mistake("", line: 1, says: "empty"),
            Mistake(models + "benchmarks: *rows\n", line: 4, says: "not YAML", "undefined alias"),
            Mistake(models + "<<: {a: b}\n", line: 4, says: "merge keys", "sweep with lists"),
            Mistake(
                reductions + "  - &a {method: utrc, flops: 0.1}\n  - {<<: *a, flops: 0.2}\n", line: 7, says: "merge"),
        ])
    func inText(mistake: Mistake) throws { try check(mistake) }

    @Test(
        "a mistake at the top is named with its line and the way out",
        arguments: [
            Mistake("- a\n- b\n", line: 1, says: "found a list", "name, models"),
            Mistake(
                "name: x\nmodel: []\n", line: 2, says: "unknown key 'model'", "known: name, models", "mean 'models'?"),
            Mistake("name: x\nreduction: []\n", line: 2, says: "did you mean 'reductions'?"),
            Mistake("name: x\nweights: []\n", line: 2, says: "unknown key 'weights' in a job; known: name"),
            Mistake("models: [mamba-130m]\n", line: 1, says: "a job has no 'name'"),
            Mistake(models.replacingOccurrences(of: "quick", with: "../quick"), line: 1, says: "letters", "'../quick'"),
            Mistake(models + benchmarks, line: 1, says: "no 'reductions', and model 'tiny' has none of its own"),
            Mistake(models + "reductions: [none]\n", line: 1, says: "a job has no 'benchmarks'"),
            Mistake(models + benchmarks + "reductions: []", line: 5, says: "at least one"),
            Mistake(
                models + benchmarks + "precision: fp8\nreductions: [none]", line: 5,
                says: "'fp8'; known: fp32, bf16, fp16"),
            Mistake("name: x\nmodels: tiny\n", line: 2, says: "'models' of a job is a list"),
        ])
    func atTheTop(mistake: Mistake) throws { try check(mistake) }

    static func model(_ text: String) -> String {
        "name: x\nmodels:\n  - mamba-130m\n  - \(text)\nbenchmarks: [piqa]\nreductions: [none]\n"
    }

    @Test(
        "a mistake in a model is named with its line and the way out",
        arguments: [
            Mistake(model("{id: mine}"), line: 4, says: "no 'path'", "'hub'", "known: mamba-130m"),
            Mistake(model("mamba-2.7b"), line: 4, says: "no 'path'", "did you mean 'mamba-2.8b'?"),
            Mistake(model("mamba-130m"), line: 4, says: "model 'mamba-130m' is listed twice"),
            Mistake(model("{id: mine, pth: m}"), line: 4, says: "unknown key 'pth' in a model", "did you mean 'path'?"),
            Mistake(model("{id: mine, path: m, hub: a/b}"), line: 4, says: "both 'path' and 'hub'"),
            Mistake(
                model("{id: mine, path: m, revision: \(String(repeating: "a", count: 40))}"), line: 4,
                says: "choose one"),
            Mistake(model("{id: mine, hub: mine}"), line: 4, says: "OWNER/NAME", "'mine'"),
            Mistake(model("{id: mine, hub: a/b, revision: main}"), line: 4, says: "a commit", "'main'"),
            Mistake(model("[a]"), line: 4, says: "a model is a mapping with the keys id, path", "found a list"),
            Mistake(
                model("{id: mine, path: m, reductions: [none]}"), line: 4,
                says: "the reduction none is listed for every model already"),
            Mistake(model("{id: mine, path: m, reductions: [{method: utrk}]}"), line: 4, says: "mean 'utrc'?"),
        ])
    func inAModel(mistake: Mistake) throws { try check(mistake) }

    static func benchmark(_ text: String) -> String {
        models + "benchmarks:\n  - arc_easy\n  - \(text)\nreductions: [none]\n"
    }

    @Test(
        "a mistake in a benchmark is named with its line and the way out",
        arguments: [
            Mistake(
                benchmark("piqq"), line: 6, says: "unknown benchmark 'piqq'; known: lambada_openai", "mean 'piqa'?"),
            Mistake(benchmark("{name: arc_esay}"), line: 6, says: "did you mean 'arc_easy'?"),
            Mistake(benchmark("{name: mmlu}"), line: 6, says: "winogrande"),
            Mistake(benchmark("arc_easy"), line: 6, says: "benchmark 'arc_easy' is listed twice"),
            Mistake(benchmark("{data: p}"), line: 6, says: "a benchmark has no 'name'"),
            Mistake(benchmark("{name: piqa, limits: 3}"), line: 6, says: "'limits' in a benchmark", "mean 'limit'?"),
            Mistake(benchmark("{name: piqa, limit: 0}"), line: 6, says: "above 0"),
            Mistake(benchmark("{name: piqa, limit: 1.5}"), line: 6, says: "'limit' of a benchmark is a whole number"),
            Mistake(benchmark("{name: piqa, labels: l}"), line: 6, says: "'labels' without 'data'"),
        ])
    func inABenchmark(mistake: Mistake) throws { try check(mistake) }

    /// The reduction starts in line 6.
    static func reduction(_ lines: String...) -> String {
        reductions + "  - " + lines.joined(separator: "\n    ") + "\n"
    }

    @Test(
        "a mistake in a reduction is named with the line of its key or value",
        arguments: [
            Mistake(reduction("utrk"), line: 6, says: "unknown method 'utrk'; known: none, utrc", "mean 'utrc'?"),
            Mistake(reduction("utrc"), line: 6, says: "utrc needs keep_ratio or flops"),
            Mistake(reduction("[utrc]"), line: 6, says: "a reduction is 'none' or a mapping", "found a list"),
            Mistake(reduction("flops: 0.1", "metod: utrc"), line: 7, says: "unknown key 'metod'", "mean 'method'?"),
            Mistake(reduction("flops: 0.1", "layers: [1]"), line: 6, says: "no method; known: none, utrc"),
            Mistake(
                reduction("flops: 0.1", "method:", "  - utrc", "  - evti"), line: 9, says: "'evti'", "mean 'evit'?"),
            Mistake(reduction("method: utrc", "keep_ratio: 1.5"), line: 7, says: "keep_ratio 1.5 is out of range"),
            Mistake(reduction("method: utrc", "flops: [0.1,", "  1.0]"), line: 8, says: "flops 1.0 is out of range"),
            Mistake(reduction("method: utrc", "flops: '0.1'"), line: 7, says: "flops must be a number"),
            Mistake(reduction("method: utrc", "flops: 0.1", "keep_ratio: 0.9"), line: 7, says: "both given"),
            Mistake(reduction("method: evit", "flops: 0.1", "hidden_prune: 1"), line: 8, says: "evit does not read"),
            Mistake(reduction("method: utrc", "flops: 0.1", "hidden_prune: 2"), line: 8, says: "from 0 (merge all)"),
            Mistake(reduction("method: utrc", "flops: 0.1", "layers: [3, 2]"), line: 8, says: "must ascend"),
            Mistake(reduction("method: utrc", "flops: 0.1", "layers: [[1], [3, 2]]"), line: 8, says: "[3, 2]"),
            Mistake(reduction("method: utrc", "flops: 0.1", "layers: [-1]"), line: 8, says: "layers -1"),
            Mistake(reduction("method: utrc", "flops: 0.1", "layers: 3"), line: 8, says: "a list of layer numbers"),
            Mistake(reduction("method: utrc", "flops: 0.1", "layers: []"), line: 8, says: "layers is empty"),
            Mistake(reduction("method: utrc", "flops: []"), line: 7, says: "'flops' sweeps over an empty list"),
            Mistake(reduction("method: utrc", "flops: {a: 1}"), line: 7, says: "scalars or lists; found a mapping"),
            Mistake(
                reduction("method: utrc", "flops: 0.1", "scope: sequnce"), line: 8,
                says: "unknown scope 'sequnce'; known: context, sequence", "mean 'sequence'?"),
            Mistake(reduction("method: ltmp", "flops: 0.1", "variant: released"), line: 8, says: "ltmp has no variant"),
            Mistake(reduction("method: utrc", "flops: 0.1", "seed: 1"), line: 8, says: "utrc does not read seed"),
            Mistake(
                reduction("method: random", "flops: 0.1", "seed: [1, -1]"), line: 8, says: "seed -1 is out of range"),
            Mistake(
                reduction("method: utrc", "flops: 0.1", "variant: released", "source: ssm"), line: 9,
                says: "utrc as released does not read source 'ssm', only block"),
            Mistake(reduction("method: none", "flops: 0.1"), line: 7, says: "none keeps every token"),
            Mistake(
                reduction("method: utrc", "flops: 0.1") + "  - {method: utrc, flops: [0.2, 0.1]}", line: 8,
                says: "the reduction utrc flops=0.1 is listed twice, first in line 6"),
            Mistake(
                reduction("none") + "  - none", line: 7, says: "the reduction none is listed twice, first in line 6"),
        ])
    func inAReduction(mistake: Mistake) throws { try check(mistake) }

    @Test(
        "all mistakes of a file are said at once, each with its line",
        arguments: [
            (
                """
                name: quick
                models: [{id: a, pth: x}, {id: b, path: b}]
                benchmarks: [piqua, {name: arc_easy, limit: -3}]
                reductions: [none, {method: utrk}, {method: utrc, flops: [0.1, 2]}]
                precision: fp23
                """,
                [
                    ":2: unknown key 'pth'", ":3: unknown benchmark 'piqua'", ":3: 'limit'",
                    ":4: reduction: unknown method", ":4: reduction: flops 2.0", ":5: unknown precision 'fp23'",
                ]
            ),
            (
                """
                name: costs
                models: [{id: a, shape: tinny}]
                efficiency: [{kind: memry}, {kind: memory, prompt_tokens: 0, batch: 1}]
                """,
                [":2: ", ":3: unknown kind of measure 'memry'", ":3: 'prompt_tokens'"]
            ),
        ])
    func several(yaml: String, words: [String]) throws {
        let folder = try TemporaryFolder()
        try folder.write(Array(yaml.utf8), to: "job.yaml")
        let error = try #require(throws: JobFileError.self) {
            try JobFile(contentsOf: folder.url.appendingPathComponent("job.yaml"))
        }
        let said = "\(error)".split(separator: "\n")
        #expect(Set(said).count == words.count, "\(error)")
        for words in words { #expect(said.contains { $0.contains(words) }, "\(words)") }
    }

    @Test("a sweep is bounded over all models, and aliases by what they stand for")
    func bounds() throws {
        let many = (1...33).map { "0.\(100 + $0)" }.joined(separator: ", ")
        let product = "{method: utrc, flops: [\(many)], hidden_prune: [\(many)]}"
        try check(Mistake(Self.reduction(product), line: 6, says: "more than 1024 reductions; split"))
        let half = "{method: utrc, flops: [\(many)], hidden_prune: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]}"
        let models = (1...4).map { "  - {id: m\($0), path: m, reductions: [\(half)]}\n" }.joined()
        try check(
            Mistake("name: x\nmodels:\n\(models)benchmarks: [piqa]\n", line: 6, says: "more than 1024 reductions"))

        var bomb = "name: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            bomb += "k\(level): &a\(level) [\(aliases)]\n"
        }
        let error = try #require(throws: JobFileError.self) {
            try JobFile(yaml: bomb, file: "job.yaml", folder: URL(fileURLWithPath: "/jobs"))
        }
        #expect("\(error)".hasPrefix("job.yaml: has more than 100000 values once its aliases are written out"))
    }
}
