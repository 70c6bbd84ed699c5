import Foundation
import Store
import Testing

@Suite("coord run")
struct RunTests {
    @Test("prints lm-evaluation-harness's table, and leaves a complete run in its store")
    func table() throws {
        let demonstration = try Demonstration()
        let store = demonstration.store("table")
        let result = try Programs.run("coord", ["run", demonstration.job.path, "--store", store])
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("|Version|Filter|n-shot|"), "\(result.output)")
        for name in ["lambada_openai", "hellaswag", "piqa", "arc_easy", "arc_challenge", "winogrande"] {
            #expect(result.output.contains(name))
        }
        let again = try Programs.run("coord", ["report", "--store", store])
        #expect(again.status == 0)
        #expect(again.output == result.output)

        let words = try #require(result.errors.split(separator: "\n").last { $0.contains("coord report ") })
        let named = try #require(words.split(separator: " ").first { $0.hasPrefix("demonstration-") })
        let page = demonstration.store("page") + ".html"
        for name in [String(named), "demonstration"] {
            let written = try Programs.run("coord", ["report", name, "--store", store, "-o", page])
            #expect(written.status == 0, "\(written.errors)")
            #expect(try String(contentsOfFile: page, encoding: .utf8).lowercased().hasPrefix("<!doctype html"))
            try FileManager.default.removeItem(atPath: page)
        }
        let unknown = try Programs.run("coord", ["report", "--store", store, "-o", page + ".pdf"])
        #expect(unknown.status == 64)
        #expect(unknown.errors.contains("no format has the ending .pdf; known: .txt, .md, .tex, .csv, .json, .html"))
    }

    @Test("ends with one JSON object of the documented shape")
    func json() throws {
        let demonstration = try Demonstration(benchmarks: ["piqa", "lambada_openai"])
        let result = try Programs.run(
            "coord", ["run", demonstration.job.path, "--store", demonstration.store("json"), "--json"])
        #expect(result.status == 0, "\(result.errors)")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let report = try decoder.decode(RunJSON.self, from: Data(result.output.utf8))
        #expect(report.run.hasPrefix("demonstration-"))
        #expect(report.cells.count == 4)
        let piqa = try #require(report.cells.first { $0.benchmark == "piqa" && $0.reduction.method == "utrc" })
        #expect(piqa.model == "tiny" && piqa.examples >= 20)
        #expect(try #require(piqa.metrics["acc"] ?? nil) >= 0)
        #expect(piqa.metrics.keys.contains("acc_stderr") && piqa.metrics.keys.contains("acc_norm"))
        #expect(piqa.flopsReduction > 0.1)
        let lambada = try #require(report.cells.first { $0.benchmark == "lambada_openai" })
        #expect(try #require(lambada.metrics["perplexity"] ?? nil) > 1)
        #expect(lambada.flopsReduction == 0)
    }

    private struct RunJSON: Decodable {
        let run: String
        let cells: [Cell]
        struct Cell: Decodable {
            let model: String
            let reduction: Reduction
            let benchmark: String
            let examples: Int
            let metrics: [String: Double?]
            let flopsReduction: Double
        }
        struct Reduction: Decodable { let method: String }
    }

    @Test("a job in bf16 has other rows than the same in fp32, the same for any number of workers")
    func precision() throws {
        let rows = try [("fp32", 1), ("bf16", 1), ("bf16", 3)].map { precision, workers in
            let demonstration = try Demonstration(
                benchmarks: ["piqa"], reductions: "[none]", precision: precision)
            let store = demonstration.store(precision)
            let result = try Programs.run(
                "coord", ["run", demonstration.job.path, "--store", store, "--workers", "\(workers)"])
            #expect(result.status == 0, "\(result.errors)")
            return try storedRows(store)
        }
        #expect(rows[1] == rows[2] && rows[0].keys == rows[1].keys)
        #expect(rows[0].filter { rows[1][$0.key] == $0.value }.count < rows[0].count / 2)
    }

    @Test("a job in fp16 is refused at once by a run whose workers have no such product")
    func noPrecision() throws {
        let demonstration = try Demonstration(benchmarks: ["piqa"], reductions: "[none]", precision: "fp16")
        let result = try Programs.run(
            "coord", ["run", demonstration.job.path, "--store", demonstration.store("fp16"), "--workers", "1"])
        #expect(result.status != 0)
        #expect(
            ["the CPU has no fp16 product", "--backend cuda"].allSatisfy(result.errors.contains), "\(result.errors)")
    }

    @Test("one, two and three workers give the same bits, with any number of threads")
    func workers() throws {
        let demonstration = try Demonstration()
        var stored: [[String: [UInt8]]] = []
        for (workers, threads) in [(1, 1), (2, 1), (3, 2)] {
            let store = demonstration.store("workers-\(workers)")
            let result = try Programs.run(
                "coord",
                ["run", demonstration.job.path, "--store", store, "--workers", "\(workers)", "--threads", "\(threads)"])
            #expect(result.status == 0, "\(result.errors)")
            stored.append(try storedRows(store))
        }
        #expect(stored[0].count >= 240)
        #expect(stored.allSatisfy { $0 == stored[0] })
    }

    @Test("an interrupted run keeps what is scored and goes on with --resume")
    func interrupted() throws {
        let demonstration = try FaultTests.slow()
        let store = demonstration.store("interrupted")
        let arguments = ["run", demonstration.job.path, "--store", store, "--backend", "reference", "--workers", "1"]
        let running = try Programs.Running("coord", arguments)
        let run = try #require(waitForRows(in: store, atLeast: 1, while: { running.process.isRunning }))
        running.process.terminate()
        let stopped = running.wait()
        #expect(stopped.status == 130, "\(stopped.errors)")
        #expect(stopped.errors.contains("--resume \(run)"), "\(stopped.errors)")
        let kept = try storedRows(store)
        #expect(!kept.isEmpty && kept.count < 120)
        // Another run on the store leaves this one at rest.
        let other = try Demonstration(benchmarks: ["piqa"], reductions: "[none]")
        #expect(try Programs.run("coord", ["run", other.job.path, "--store", store]).status == 0)
        #expect(try StoreReader(store).read { try $0.run(run).rows } == kept.count)
        let mistaken = try Programs.run("coord", ["run", "--resume", "nobody", "--store", store])
        #expect(mistaken.errors.contains("no unfinished run 'nobody'") && mistaken.errors.contains(run))
        let resumed = try Programs.run(
            "coord", ["run", "--resume", run, "--store", store, "--backend", "reference"])
        #expect(resumed.status == 0, "\(resumed.errors)")
        let all = try storedRows(store, of: run)
        #expect(all.count == 120)
        #expect(kept.allSatisfy { all[$0.key] == $0.value })
    }
}
