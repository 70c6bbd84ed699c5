import Benchmarks
import Foundation
import Reports
import TestSupport
import Testing

/// What lm-evaluation-harness 0.4.13 made of 50 documents a benchmark, on log-likelihoods of its own.
@Suite("Against lm-evaluation-harness", .enabled(if: Shared.isAvailable, Shared.explanation))
struct HarnessTests {
    struct Recorded: Decodable {
        struct Request: Decodable {
            let loglikelihood: Double
            let greedy: Bool
        }

        let docId: Int
        let requests: [Request]
        let acc: Double
        let accNorm: Double?
    }

    /// A run of all six benchmarks with the recorded log-likelihoods as rows.
    func sample() throws -> SampleRun {
        let benchmarks = try BenchmarkName.allCases.map { name in
            let rows = try Shared.url("fixtures/lm_eval/docs/\(name.rawValue).jsonl")
            return (name: name, documents: try documents(benchmark: name, data: rows))
        }
        let sample = try SampleRun(benchmarks)
        for (cell, benchmark) in benchmarks.enumerated() {
            try sample.score(
                cell: cell,
                try recorded(benchmark.name).map { record in
                    (record.docId, record.requests.map { ($0.loglikelihood, $0.greedy) })
                })
        }
        try sample.end(.complete)
        return sample
    }

    func recorded(_ name: BenchmarkName) throws -> [Recorded] {
        let url = try Shared.url("fixtures/lm_eval/\(name.rawValue).json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode([Recorded].self, from: Data(contentsOf: url))
    }

    func object(_ url: URL) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
    }

    @Test("every aggregate of the 300 documents equals the harness's")
    func aggregates() throws {
        let expected = try #require(
            try object(try Shared.url("fixtures/lm_eval/results.json"))["tasks"] as? [String: Any])
        // The recording drew 1,000 resamples.
        let report = try sample().report(bootstrapIterations: 1000)
        #expect(report.cells.count == 6)
        for cell in report.cells {
            let task = try #require(expected[cell.cell.benchmark] as? [String: Any])
            var compared = 0
            for entry in cell.aggregate.entries {
                let name = entry.metric.rawValue
                guard let value = task["\(name),none"] as? Double else { continue }
                #expect(entry.value == value, "\(cell.cell.benchmark) \(name)")
                let error = try #require(task["\(name)_stderr,none"] as? Double)
                let ours = try #require(entry.standardError)
                #expect(abs(ours - error) <= 1e-12 * abs(error), "\(cell.cell.benchmark) \(name)")
                compared += 1
            }
            #expect(compared == cell.aggregate.entries.count)
        }
    }

    @Test("the exported files hold what the harness's hold")
    func export() throws {
        let sample = try sample()
        let folder = try TemporaryFolder()
        let files = try sample.store.read {
            try HarnessExport.write($0, run: "r1", to: folder.url, bootstrapIterations: 1000)
        }
        let time = "2023-11-14T22-14-20.500000"
        #expect(
            files.map(\.lastPathComponent) == BenchmarkName.allCases.map { "samples_\($0.rawValue)_\(time).jsonl" }
                + ["results_\(time).json"])

        let results = try object(try #require(files.last))
        let figures = try #require(results["results"] as? [String: [String: Any]])
        #expect(figures.count == 6 && figures["arc_easy"]?["acc_norm,none"] as? Double == 0.32)
        for key in [
            "group_subtasks", "configs", "versions", "n-shot", "higher_is_better", "n-samples", "config", "git_hash",
            "date", "lm_eval_version", "task_hashes", "model_source", "model_name", "total_evaluation_time_seconds",
            "molt",
        ] { #expect(results[key] != nil, "\(key)") }
        #expect(results["total_evaluation_time_seconds"] as? String == "60.25")

        for (name, file) in zip(BenchmarkName.allCases, files) {
            try check(samples: file, recorded: try recorded(name))
        }
    }

    func check(samples file: URL, recorded: [Recorded]) throws {
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == recorded.count)
        for (line, record) in zip(lines, recorded) {
            let sample = try #require(
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(sample["doc_id"] as? Int == record.docId)
            #expect(sample["acc"] as? Double == record.acc)
            #expect(sample["acc_norm"] as? Double == record.accNorm)
            let responses = try #require(sample["filtered_resps"] as? [[String]])
            #expect(responses.map { Double($0[0]) } == record.requests.map(\.loglikelihood))
            #expect(responses.map { $0[1] } == record.requests.map { $0.greedy ? "True" : "False" })
            #expect((sample["arguments"] as? [String: Any])?.count == record.requests.count)
            #expect((sample["doc_hash"] as? String)?.count == 64 && sample["doc"] is [String: Any])
        }
    }

    @Test("an export that cannot be written names the folder")
    func unwritable() throws {
        let sample = try SampleRun([(.piqa, [Document.twoChoices(0)])])
        let error = #expect(throws: ReportError.self) {
            try sample.store.read {
                try HarnessExport.write($0, run: "r1", to: URL(fileURLWithPath: "/proc/molt"), bootstrapIterations: 0)
            }
        }
        #expect(error?.description.hasPrefix("/proc/molt/tiny__none__fp32: cannot be written") == true)
    }
}
