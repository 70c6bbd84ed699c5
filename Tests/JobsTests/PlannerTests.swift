import Benchmarks
import Foundation
import Jobs
import ModelFiles
import Testing

@Suite("Plans")
struct PlannerTests {
    /// A job on the demonstration's rows with a small model, in a folder of its own.
    static func job(_ reductions: String, limit: Int? = nil) throws -> JobFile {
        var rows = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<3 { rows.deleteLastPathComponent() }
        rows.appendPathComponent("jobs/demo")
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("molt-plan-\(UUID().uuidString)")
        try RandomCheckpoint.write(.tiny, seed: 1, vocabulary: 1024, to: folder.appendingPathComponent("model"))
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
                """, file: "job.yaml", folder: folder)
    }

    @Test("every example of every cell is in exactly one shard")
    func shards() throws {
        let plan = try Planner().plan(Self.job("[none, {method: utrc, keep_ratio: 0.5, layers: [0]}]"))
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
        let plan = try Planner().plan(Self.job("[none]", limit: 3))
        #expect(plan.benchmarks.allSatisfy { $0.examples.map(\.document.id) == [0, 1, 2] && $0.documentCount >= 20 })
    }

    @Test("rows with tokens that the model has no embedding for are refused before anything starts")
    func vocabulary() throws {
        var job = try Self.job("[none]")
        let small = job.models[0].path.deletingLastPathComponent().appendingPathComponent("small")
        try RandomCheckpoint.write(.tiny, seed: 1, vocabulary: 300, to: small)
        job.models = [JobFile.Model(id: "small", path: small)]
        let error = try #require(throws: PlanError.self) { try Planner().plan(job) }
        #expect("\(error)".contains("model small has an embedding of 300 rows, but the tokenizer gives token"))
    }

    @Test("an estimate shrinks by what a reduction saves, and knows that contexts are shared")
    func estimates() throws {
        let plan = try Planner().plan(
            Self.job(
                "[none, {method: utrc, flops: 0.3, layers: [0]}, {method: utrc, flops: 0.3, layers: [0], scope: sequence}]"
            ))
        let easy = plan.cells.filter { $0.benchmark == 0 }.map(\.flops)
        #expect(easy[1] < easy[0])
        #expect(easy[2] > easy[1])
    }

    @Test("a dry run counts what is here and names what is not")
    func dryRun() throws {
        var job = try Self.job("[none]")
        job.benchmarks[0].data = URL(fileURLWithPath: "/nowhere/rows.jsonl")
        job.models.append(JobFile.Model(id: "mamba-130m", path: URL(fileURLWithPath: "/nowhere/model")))
        let dry = try DryRun(job)
        #expect(dry.cells.count == 4)
        #expect(dry.missing.map(\.what) == ["model mamba-130m", "rows of arc_easy"])
        #expect(dry.cells[0].documents == 2376 && dry.cells[0].tokens == nil)
        #expect(try #require(dry.cells[3].flops) > 100 * #require(dry.cells[1].flops))
        #expect("\(dry)".contains("coord make-model --shape mamba-130m"))
    }
}
