import Benchmarks
import Foundation
import Jobs
import Mamba
import ModelFiles
import TestSupport
import Testing

@Suite("Plans")
struct PlannerTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A job on the demonstration's rows with a small model in the test's folder.
    private func job(_ reductions: String, limit: Int? = nil) throws -> JobFile {
        var rows = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<3 { rows.deleteLastPathComponent() }
        rows.appendPathComponent("jobs/demo")
        try RandomCheckpoint.write(.tiny, seed: 1, vocabulary: 1024, to: folder.url.appendingPathComponent("model"))
        let limits = limit.map { ", limit: \($0)" } ?? ""
        return try JobFile(
            yaml: """
                name: plan
                models: [{ id: tiny, path: model }]
                tokenizer: \(rows.path)/tokenizer.json
                benchmarks:
                  - { name: arc_easy, data: \(rows.path)/arc_easy.jsonl\(limits) }
                  - { name: winogrande, data: \(rows.path)/winogrande.jsonl\(limits) }
                reductions: \(reductions)
                """, file: "job.yaml", folder: folder.url)
    }

    @Test("every example of every cell is in exactly one shard")
    func shards() throws {
        let plan = try Planner(locator: NoInputs()).plan(
            job("[none, {method: utrc, keep_ratio: 0.5, layers: [0]}]"))
        #expect(plan.cells.count == 4)
        for cell in plan.cells {
            let covered = cell.shards.flatMap { Array($0.examples) }
            #expect(covered == Array(plan.benchmarks[cell.benchmark].examples.indices))
        }
        #expect(plan.models.first?.summary.sha256.count == 64)
        #expect(plan.benchmarks.allSatisfy { $0.dataSHA256.count == 64 })
    }

    @Test("a limit takes the first documents, and the file's count is kept")
    func limit() throws {
        let plan = try Planner(locator: NoInputs()).plan(job("[none]", limit: 3))
        #expect(plan.benchmarks.allSatisfy { $0.examples.map(\.document.id) == [0, 1, 2] && $0.documentCount >= 20 })
    }

    @Test("rows with tokens that the model has no embedding for are refused before anything starts")
    func vocabulary() throws {
        var job = try self.job("[none]")
        guard case .folder(let model) = job.models[0].source else { return }
        let small = model.deletingLastPathComponent().appendingPathComponent("small")
        try RandomCheckpoint.write(.tiny, seed: 1, vocabulary: 300, to: small)
        job.models = [JobFile.Model(id: "small", path: small)]
        let error = try #require(throws: PlanError.self) { try Planner(locator: NoInputs()).plan(job) }
        #expect("\(error)".contains("model small has an embedding of 300 rows, but the tokenizer gives token"))
    }

    @Test("an estimate shrinks by what a reduction saves, and knows that contexts are shared")
    func estimates() throws {
        let plan = try Planner(locator: NoInputs()).plan(
            job(
                "[none, {method: utrc, flops: 0.3, layers: [0]}, {method: utrc, flops: 0.3, layers: [0], scope: sequence}]"
            ))
        let easy = plan.cells.filter { $0.benchmark == 0 }.map(\.flops)
        #expect(easy[1] < easy[0])
        #expect(easy[2] > easy[1])
    }

    @Test("a dry run counts what is here and names what is not")
    func dryRun() throws {
        var job = try self.job("[none]")
        job.benchmarks[0].data = URL(fileURLWithPath: "/nowhere/rows.jsonl")
        job.models.append(JobFile.Model(id: "mamba-130m", path: URL(fileURLWithPath: "/nowhere/model")))
        let dry = try DryRun(job, planner: Planner(locator: NoInputs()))
        #expect(dry.cells.count == 4)
        #expect(dry.missing.map(\.what) == ["model mamba-130m", "rows of arc_easy"])
        #expect(dry.cells[0].documents == 2376 && dry.cells[0].tokens == nil)
        #expect(try #require(dry.cells[3].flops) > 100 * #require(dry.cells[1].flops))
        #expect("\(dry)".contains("coord make-model --shape mamba-130m"))
    }

    /// A cache with the inputs of another job.
    struct Stock: InputLocator {
        let model: URL
        let tokenizerFile: URL
        let rows: [BenchmarkName: URL]

        func model(repository: String, revision: String?) -> URL? { repository == "me/mine" ? model : nil }
        func rows(of benchmark: BenchmarkName) -> URL? { rows[benchmark] }
        func tokenizer() -> URL? { tokenizerFile }
        let hashes: KnownHashes? = nil
    }

    @Test("what a job names without a path is planned from the cache, as if its path were given")
    func cache() throws {
        let job = try self.job("[none]")
        guard case .folder(let model) = job.models[0].source, let tokenizer = job.tokenizer else { return }
        let data = job.benchmarks.compactMap { rows in rows.data.map { (rows.name, $0) } }
        let stock = Stock(model: model, tokenizerFile: tokenizer, rows: Dictionary(uniqueKeysWithValues: data))
        var named = job
        named.models[0].source = .hub(repository: "me/mine", revision: nil)
        named.tokenizer = nil
        for index in named.benchmarks.indices { named.benchmarks[index].data = nil }
        let plans = try (Planner(locator: NoInputs()).plan(job), Planner(locator: stock).plan(named))
        #expect(plans.0.models.map(\.path) == plans.1.models.map(\.path))
        #expect(plans.0.tokenizerSHA256 == plans.1.tokenizerSHA256)
        #expect(plans.0.benchmarks.map(\.dataSHA256) == plans.1.benchmarks.map(\.dataSHA256))
        #expect(plans.0.cells.map(\.flops) == plans.1.cells.map(\.flops))

        let error = try #require(throws: MissingInputsError.self) { try Planner(locator: NoInputs()).plan(named) }
        #expect(
            error.inputs.map(\.remedy) == [
                "coord fetch me/mine", "coord fetch tokenizer", "coord fetch arc_easy", "coord fetch winogrande",
            ])
    }

    @Test("HellaSwag's rows are the user's own, a pinned model is fetched at its commit")
    func remedies() throws {
        let commit = String(repeating: "1", count: 40)
        let job = try JobFile(
            yaml:
                "name: x\nmodels: [{id: mamba-130m, revision: \(commit)}]\nbenchmarks: [hellaswag]\nreductions: [none]",
            file: "job.yaml", folder: URL(fileURLWithPath: "/"))
        let missing = try DryRun(job, planner: Planner(locator: NoInputs())).missing.map(\.description)
        #expect(missing[0] == "model mamba-130m: not in the cache; coord fetch mamba-130m --revision \(commit)")
        #expect(missing[2].hasPrefix("rows of hellaswag: not in the cache; add `data:` with the path of your own copy"))
    }

    @Test("a model runs under the job's reductions and its own")
    func ownReductions() throws {
        var job = try self.job("[none]")
        let own = try Reduction(method: .utrc, layers: [0], amount: .keepRatio(0.5))
        job.models.append(JobFile.Model(id: "again", source: job.models[0].source, reductions: [own]))
        let cells = try Planner(locator: NoInputs()).plan(job).cells
        #expect(cells.map(\.model) == [0, 0, 1, 1, 1, 1])
        #expect(cells.map(\.benchmark) == [0, 1, 0, 1, 0, 1])
        #expect(cells.suffix(2).allSatisfy { $0.reduction == own })
        #expect(try DryRun(job, planner: Planner(locator: NoInputs())).cells.map(\.reduction) == cells.map(\.reduction))
    }
}
