import Benchmarks
import Foundation
import Reports
import Testing

@Suite("The JSON report")
struct JSONTests {
    struct Report: Decodable {
        let run, state, build: String
        let rows, rowsExpected: Int
        let finished: Double?
        let cells: [Cell]
        let failures: [Failure]
    }

    struct Cell: Decodable {
        let model, benchmark: String
        let reduction: [String: String]
        let examples, examplesExpected: Int
        let complete: Bool
        let metrics: [String: Double?]
        let flopsReduction: Double?
        let identity: Identity
    }

    struct Identity: Decodable {
        let modelSha256, dataSha256, tokenizerSha256, precision: String
        let engines: [Engine]
    }

    struct Engine: Decodable, Equatable {
        let build, kernels: String
    }

    struct Failure: Decodable {
        let benchmark, detail: String
        let examples: [Int]
    }

    func decoded(_ text: String) throws -> Report {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Report.self, from: Data(text.utf8))
    }

    @Test("has the shape that scripts rely on")
    func shape() throws {
        let sample = try SampleRun([(.piqa, (0..<2).map(Document.twoChoices))])
        try sample.score(
            cell: 0, flopsReduction: 0.25,
            [(0, [(-1, false), (-9, false)]), (1, [(-3, false), (-2, false)])])
        try sample.end(.complete)
        let text = try sample.report().json()
        #expect(!text.contains("\n"))
        let report = try decoded(text)
        #expect(report.run == "r1" && report.state == "complete" && report.rows == report.rowsExpected)
        #expect(report.finished == 1_700_000_060.5 && report.failures.isEmpty)
        let cell = try #require(report.cells.first)
        #expect(cell.model == "tiny" && cell.benchmark == "piqa" && cell.reduction == ["method": "none"])
        #expect(cell.examples == 2 && cell.complete && cell.flopsReduction == 0.25)
        #expect(cell.identity.engines == [Engine(build: "0.1", kernels: "cpu/test")])
        let hashes = [cell.identity.modelSha256, cell.identity.dataSha256, cell.identity.tokenizerSha256]
        #expect(hashes == Array(repeating: SampleRun.hash, count: 3) && cell.identity.precision == "fp32")
        #expect(cell.metrics == ["acc": 0.5, "acc_stderr": 0.5, "acc_norm": 0.5, "acc_norm_stderr": 0.5])
    }

    @Test("is byte for byte the same whatever the order and the batches in which equal rows came")
    func determinism() throws {
        let documents = (0..<20).map(Document.lastWord)
        let outcomes = documents.map { (document: $0.id, [(loglikelihood: -0.1 * Double($0.id), greedy: true)]) }
        let texts = try [outcomes, outcomes.reversed()].map { outcomes in
            let sample = try SampleRun([(.lambadaOpenAI, documents)])
            try sample.score(cell: 0, outcomes)
            try sample.end(.complete)
            return try sample.report(bootstrapIterations: 2000).json(indent: 2)
        }
        #expect(texts[0] == texts[1])
    }

    @Test("shows a partial cell as such and names what failed")
    func partial() throws {
        let sample = try SampleRun([(.piqa, (0..<3).map(Document.twoChoices))])
        try sample.score(cell: 0, [(2, [(-1, false), (-9, false)])])
        let job = try sample.store.read { try $0.description(of: "r1").jobs[0].id }
        try sample.store.commit([.job(job, .failed(detail: "poison")), .run("r1", .incomplete)])
        let report = try decoded(try sample.report().json())
        #expect(report.state == "incomplete")
        #expect(report.cells[0].examples == 1 && report.cells[0].examplesExpected == 3 && !report.cells[0].complete)
        #expect(report.failures[0].examples == [0, 1] && report.failures[0].detail == "poison")
    }

    @Test("stays JSON when log-likelihoods are not numbers", arguments: [-Double.infinity, .nan])
    func notNumbers(value: Double) throws {
        let sample = try SampleRun([(.lambadaOpenAI, (0..<2).map(Document.lastWord))])
        try sample.score(cell: 0, flopsReduction: value, [(0, [(value, false)]), (1, [(-1, true)])])
        let report = try decoded(try sample.report(bootstrapIterations: 1000).json())
        #expect(report.cells[0].metrics["perplexity"] == .some(nil))
        #expect(report.cells[0].metrics["acc"] == 0.5)
        #expect(report.cells[0].flopsReduction == nil)
    }

    @Test("a cell without rows has no metrics")
    func empty() throws {
        let sample = try SampleRun([(.piqa, [Document.twoChoices(0)])])
        let report = try decoded(try sample.report().json())
        #expect(report.cells[0].metrics.isEmpty && report.cells[0].flopsReduction == nil)
        #expect(report.cells[0].examples == 0 && report.finished == nil)
    }
}
