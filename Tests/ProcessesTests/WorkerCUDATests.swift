import Foundation
import Testing

@Suite("worker --backend cuda")
struct WorkerCUDATests {
    private static let host = Programs.repository.appendingPathComponent(".build/cuda-on-host/libmolt_cuda_host.so")
        .path

    private struct Sums: Decodable {
        let scores: [Score]
        struct Score: Decodable {
            let loglikelihood: Double
            let positions: [Int]
        }
    }

    @Test("without the library says what is missing, where it was looked for and the way out, and exits with 3")
    func noLibrary() throws {
        let model = try Demonstration(benchmarks: ["piqa"]).folder.appendingPathComponent("model").path
        let environment = ["MOLT_CUDA_LIBRARY": "/nowhere/libmolt_cuda.so"]
        for arguments in [["score", "--model", model], ["bench", "--model", model, "--shapes", "1x4"]] {
            let result = try Programs.run(
                "worker", arguments + ["--backend", "cuda"], input: #"{"id":"a","context":[5],"continuations":[[3]]}"#,
                environment: environment)
            #expect(result.status == 3)
            for text in ["/nowhere/libmolt_cuda.so", "make cuda", "--backend cpu"] {
                #expect(result.errors.contains(text), "\(result.errors)")
            }
        }
    }

    @Test(
        "scores as the processor does, under a reduction too",
        .enabled(if: FileManager.default.fileExists(atPath: host), "make cuda-on-host builds the kernels for the host"),
        arguments: [["--device", "0", "--memory", "64"], ["--device", "1"]])
    func scores(device: [String]) throws {
        let model = try Demonstration(benchmarks: ["piqa"]).folder.appendingPathComponent("model").path
        let input = #"{"id":"a","context":[5,6,7,8,9,10,11,12],"continuations":[[3,4],[5]]}"#
        let reduction = #"{"method":"utrc","keep_ratio":0.7,"layers":[1]}"#
        let answers = try [["cpu"], ["cuda"] + device].map { backend in
            let result = try Programs.run(
                "worker", ["score", "--model", model, "--reduction", reduction, "--backend"] + backend, input: input,
                environment: ["MOLT_CUDA_LIBRARY": Self.host])
            #expect(result.status == 0, "\(result.errors)")
            return try JSONDecoder().decode(Sums.self, from: Data(result.output.utf8)).scores
        }
        for (cpu, cuda) in zip(answers[0], answers[1]) {
            #expect(abs(cpu.loglikelihood - cuda.loglikelihood) < 1e-4)
            #expect(cpu.positions == cuda.positions)
        }
    }

    @Test(
        "a job in fp16 runs on it, and what is stored and reported says so",
        .enabled(if: FileManager.default.fileExists(atPath: host), "make cuda-on-host builds the kernels for the host"))
    func half() throws {
        let demonstration = try Demonstration(benchmarks: ["piqa"], reductions: "[none]", precision: "fp16")
        let store = demonstration.store("fp16")
        let result = try Programs.run(
            "coord", ["run", demonstration.job.path, "--store", store, "--workers", "1", "--backend", "cuda"],
            environment: ["MOLT_CUDA_LIBRARY": Self.host])
        #expect(result.status == 0, "\(result.errors)")
        let report = try Programs.run("coord", ["report", "--store", store, "--format", "csv"])
        #expect(report.status == 0 && report.output.contains("fp16"), "\(report.output) \(report.errors)")
    }
}
