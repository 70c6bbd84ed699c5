import Foundation
import Store
import Testing

@Suite("coord run of a job that measures")
struct EfficiencyRunTests {
    static let job = """
        name: efficiency
        models: [{ id: tiny, shape: tiny }, { id: tiny2, shape: tiny2 }]
        efficiency:
          - { kind: memory, prompt_tokens: 64, batch: 4 }
          - { kind: throughput, prompt_tokens: 64, batch: 2, new_tokens: 2, repeats: 2 }
        reductions: [none, { method: utrc, flops: [0.1, 0.3], layers: [0, 1] }]
        """

    struct Report: Decodable {
        let state: String
        let measurements: [Measurement]

        struct Measurement: Decodable {
            let model, name: String
            let randomWeights: Bool
            let weightBytes, activationBytes: Int?
            let peakReduction, tokensPerSecond, speedUp: Double?
            let passes: [[String: Double]]
            let flopsReduction: Double?
            let failure: String?
        }

        init(_ text: String) throws {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            self = try decoder.decode(Report.self, from: Data(text.utf8))
        }
    }

    func run(_ job: String, _ options: [String] = []) throws -> (status: Int32, output: String, store: String) {
        let folder = try Scratch.folder()
        let file = folder.appendingPathComponent("job.yaml")
        try Data(job.utf8).write(to: file)
        let store = folder.appendingPathComponent("store.sqlite").path
        let result = try Programs.run("coord", ["run", file.path, "--store", store] + options)
        return (result.status, result.output, store)
    }

    @Test("two workers measure every cell once, and what is saved rises with what is shed", arguments: [1, 2])
    func measures(workers: Int) throws {
        let result = try run(Self.job, ["--json", "--workers", "\(workers)"])
        try #require(result.status == 0)
        let report = try Report(result.output)
        #expect(report.state == "complete" && report.measurements.count == 12)
        for model in ["tiny", "tiny2"] {
            let cells = report.measurements.filter { $0.model == model }
            #expect(cells.allSatisfy { $0.randomWeights && $0.failure == nil && ($0.weightBytes ?? 0) > 1 << 20 })
            let memory = cells.filter { $0.name.hasPrefix("memory") }.compactMap(\.peakReduction)
            #expect(memory.count == 3 && memory[0] == 0 && memory[0] < memory[1] && memory[1] < memory[2])
            let speed = cells.filter { $0.name.hasPrefix("throughput") }
            #expect(speed.allSatisfy { $0.passes.count == 2 && ($0.tokensPerSecond ?? 0) > 0 && ($0.speedUp ?? 0) > 0 })
            #expect(speed[0].speedUp == 1)
            #expect(speed.compactMap(\.flopsReduction) == speed.compactMap(\.flopsReduction).sorted())
        }
    }

    @Test("the report says what was measured, of random weights, in every format")
    func reports() throws {
        let result = try run(Self.job)
        try #require(result.status == 0)
        #expect(result.output.contains("Peak memory: one pass over 4 sequences of 64 tokens"))
        #expect(result.output.contains("Random weights of the published shape"))
        for (format, words) in [
            ("markdown", "## Generation: 2 sequences of 64 tokens, 2 new tokens each"), ("html", "Memory and speed"),
            ("csv", "peak_reduction"), ("latex", "\\toprule"), ("table", "Speed-up"), ("json", "\"measurements\""),
        ] {
            let report = try Programs.run("coord", ["report", "--store", result.store, "--format", format])
            #expect(report.status == 0 && report.output.contains(words), "\(format)")
        }
    }

    @Test("what no worker's memory holds is named with what it needs, and the rest of the run goes on")
    func tooLarge() throws {
        let job = """
            name: large
            models: [{ id: tiny, shape: tiny }]
            efficiency:
              - { kind: memory, prompt_tokens: 1048576, batch: 64 }
              - { kind: memory, prompt_tokens: 64, batch: 1 }
            reductions: [none]
            """
        let result = try run(job, ["--json", "--workers", "1"])
        #expect(result.status != 0)
        let report = try Report(result.output)
        #expect(report.state == "incomplete" && report.measurements.count == 2)
        let failure = try #require(report.measurements[0].failure)
        #expect(failure.contains("needs ") && failure.contains(" GiB, has ") && failure.contains("of weights"))
        #expect(report.measurements[1].activationBytes != nil)
    }
}
