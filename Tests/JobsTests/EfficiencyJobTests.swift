import Benchmarks
import Foundation
import Jobs
import ModelFiles
import Testing

@Suite("Jobs that measure")
struct EfficiencyJobTests {
    static let head = "name: x\nmodels: [{id: t, shape: tiny}]\nreductions: [none]\n"
    static let memory = "{kind: memory, prompt_tokens: 64, batch: 4}"

    func read(_ text: String) throws -> JobFile {
        try JobFile(yaml: text, file: "job.yaml", folder: URL(fileURLWithPath: "/jobs"))
    }

    @Test("the measures are read with their defaults, and again from canonical JSON")
    func reads() throws {
        let job = try read(
            Self.head + "efficiency:\n  - \(Self.memory)\n"
                + "  - {kind: memory, prompt_tokens: 64, batch: 4, logits: last}\n"
                + "  - {kind: throughput, prompt_tokens: 64, batch: 4, new_tokens: 9}\n")
        #expect(
            job.measures == [
                .memory(promptTokens: 64, batch: 4, logits: .all), .memory(promptTokens: 64, batch: 4, logits: .last),
                .throughput(promptTokens: 64, batch: 4, newTokens: 9, repeats: 3),
            ])
        #expect(job.measures.map(\.name) == ["memory-4x64", "memory-4x64-last", "throughput-4x64+9"])
        #expect(job.models[0].source == .random(.tiny) && job.benchmarks.isEmpty)
        #expect(try JobFile(canonicalJSON: job.canonicalJSON) == job)
        for measure in job.measures { #expect(Measure(canonicalJSON: measure.canonicalJSON) == measure) }
    }

    @Test(
        "a mistake is named with its line, its key and the way out",
        arguments: [
            Mistake(head + "efficiency: []\n", line: 4, says: "'efficiency'", "at least one"),
            Mistake(head + "efficiency:\n  - memory\n", line: 5, says: "a measure is a mapping", "kind, prompt_tokens"),
            Mistake(head + "efficiency:\n  - {prompt_tokens: 4}\n", line: 5, says: "a measure has no 'kind'"),
            Mistake(
                head + "efficiency:\n  - {kind: memroy}\n", line: 5, says: "unknown kind of measure 'memroy'",
                "mean 'memory'?"),
            Mistake(
                head + "efficiency:\n  - {kind: memory, promt_tokens: 64}\n", line: 5,
                says: "unknown key 'promt_tokens' in a measure", "mean 'prompt_tokens'?"),
            Mistake(
                head + "efficiency:\n  - kind: memory\n    prompt_tokens: 1\n", line: 6, says: "'prompt_tokens'",
                "from 2 to 1048576"),
            Mistake(
                head + "efficiency:\n  - kind: memory\n    prompt_tokens: 64\n    batch: many\n", line: 7,
                says: "'batch'",
                "whole number from 1"),
            Mistake(
                head + "efficiency:\n  - kind: memory\n    prompt_tokens: 64\n    batch: 4\n    new_tokens: 2\n",
                line: 8, says: "'new_tokens' is of throughput"),
            Mistake(
                head + "efficiency:\n  - kind: throughput\n    prompt_tokens: 64\n    batch: 4\n    new_tokens: 2\n"
                    + "    logits: all\n", line: 9, says: "'logits' is of memory"),
            Mistake(
                head + "efficiency:\n  - {kind: throughput, prompt_tokens: 64, batch: 4}\n", line: 5,
                says: "a measure has no 'new_tokens'"),
            Mistake(
                head + "efficiency:\n  - \(memory)\n  - \(memory)\n", line: 6, says: "memory-4x64 is listed twice"),
            Mistake(
                head + "efficiency: [\(memory)]\nbenchmarks: [piqa]\n", line: 5, says: "has no 'benchmarks'", "two jobs"
            ),
            Mistake(
                head + "efficiency: [\(memory)]\ntokenizer: t.json\n", line: 5, says: "has no 'tokenizer'"),
            Mistake(
                "name: x\nmodels: [{id: t, shape: tiny, path: p}]\n", line: 2, says: "both 'shape' and 'path'"),
            Mistake("name: x\nmodels: [{id: t, shape: tini}]\n", line: 2, says: "unknown shape 'tini'", "mean 'tiny'?"),
            Mistake(
                head + "benchmarks: [piqa]\n", line: 1, says: "model 't'", "random weights", "name its 'path'"),
        ])
    func mistakes(mistake: Mistake) throws { try JobMistakeTests().check(mistake) }

    @Test("a model that was not fetched is drawn at random, one at a path must be there")
    func fallback() throws {
        let measure = "efficiency: [\(Self.memory)]\nreductions: [none]\n"
        let planner = Planner(locator: NoInputs())
        let plan = try planner.plan(read("name: x\nmodels: [mamba-2.8b, {id: t, shape: tiny2}]\n" + measure))
        #expect(plan.models.map(\.path) == [nil, nil])
        #expect(plan.models.map(\.summary.randomSeed) == [0, 0])
        #expect(plan.models.map(\.summary.publishedShape) == [.mamba2b8, .tiny2])
        #expect(plan.models.map(\.summary.parameters)[0] > 2_700_000_000)
        #expect(plan.cells.map { $0.shards.map(\.examples) } == [[0..<1], [0..<1]])
        #expect(throws: MissingInputsError.self) {
            try planner.plan(read("name: x\nmodels: [{id: mamba-2.8b, path: nowhere}]\n" + measure))
        }
        #expect(throws: MissingInputsError.self) {
            try planner.plan(read("name: x\nmodels: [{id: mine, hub: me/mine}]\n" + measure))
        }
    }

    @Test("a reduction that does not fit a model is refused before anything is measured")
    func unfit() throws {
        let job = try read(
            "name: x\nmodels: [{id: t, shape: tiny}]\nreductions: [{method: utrc, flops: 0.1, layers: [9]}]\n"
                + "efficiency: [\(Self.memory)]\n")
        #expect(throws: PlanError.self) { try Planner(locator: NoInputs()).plan(job) }
    }

    @Test("a dry run counts the cells and their work, reduced ones less")
    func dryRun() throws {
        let job = try read(
            "name: x\nmodels: [{id: t, shape: tiny}]\nreductions: [none, {method: utrc, flops: 0.3, layers: [0, 1]}]\n"
                + "efficiency: [\(Self.memory)]\n")
        let dry = try DryRun(job, planner: Planner(locator: NoInputs()))
        #expect(dry.missing.isEmpty && dry.cells.map(\.benchmark) == ["memory-4x64", "memory-4x64"])
        let flops = dry.cells.compactMap(\.flops)
        #expect(flops.count == 2 && flops[1] < flops[0])
    }
}
