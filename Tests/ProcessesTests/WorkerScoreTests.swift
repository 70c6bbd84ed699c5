import Foundation
import Testing

@Suite("worker score")
struct WorkerScoreTests {
    private struct Answer: Decodable {
        let id: String
        let scores: [Score]
        struct Score: Decodable {
            let loglikelihood: Double
            let perToken: [Double]
            let greedy: Bool
            let positions: [Int]
        }
    }

    @Test("answers every request in its order, on both backends alike", arguments: ["none", "utrc"])
    func answers(method: String) throws {
        let model = try Demonstration(benchmarks: ["piqa"]).folder.appendingPathComponent("model").path
        let reduction = method == "none" ? #"{"method":"none"}"# : #"{"method":"utrc","keep_ratio":0.7,"layers":[1]}"#
        let input = """
            {"id":"a","context":[5,6,7,8,9,10,11,12],"continuations":[[3,4],[5]]}

            {"id":"b","context":[1],"continuations":[[3]]}
            """
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let answers = try ["cpu", "reference"].map { backend in
            let result = try Programs.run(
                "worker", ["score", "--model", model, "--backend", backend, "--reduction", reduction], input: input)
            #expect(result.status == 0, "\(result.errors)")
            return try result.output.split(separator: "\n").map {
                try decoder.decode(Answer.self, from: Data($0.utf8))
            }
        }
        #expect(answers[0].map(\.id) == ["a", "b"])
        #expect(answers[0][0].scores.map(\.perToken.count) == [2, 1])
        #expect(answers[0][0].scores[0].positions.count == (method == "none" ? 7 : 5))
        for (cpu, reference) in zip(answers[0], answers[1]) {
            for (left, right) in zip(cpu.scores, reference.scores) {
                #expect(abs(left.loglikelihood - right.loglikelihood) < 5e-4)
                #expect(left.positions == right.positions && left.greedy == right.greedy)
            }
        }
    }

    @Test("rounds products to bf16 where asked to, and says so where it cannot")
    func precision() throws {
        let model = try Demonstration(benchmarks: ["piqa"]).folder.appendingPathComponent("model").path
        let input = #"{"id":"a","context":[5,6,7,8,9,10,11,12],"continuations":[[3,4],[5]]}"#
        let answers = try [["fp32"], ["bf16"], ["bf16", "--backend", "reference"]].map { arguments in
            let result = try Programs.run(
                "worker", ["score", "--model", model, "--precision"] + arguments, input: input)
            #expect(result.status == 0, "\(result.errors)")
            return try JSONDecoder().decode(Sums.self, from: Data(result.output.utf8)).scores.map(\.loglikelihood)
        }
        #expect(answers[0] != answers[1])
        for (left, right) in zip(answers[0], answers[1]) { #expect(abs(left - right) < 0.1) }
        for (left, right) in zip(answers[1], answers[2]) { #expect(abs(left - right) < 0.01) }
        let refused = try Programs.run(
            "worker", ["score", "--model", model, "--precision", "bf16", "--gemm", "openblas"])
        #expect(refused.status != 0)
        #expect(refused.errors.contains("no bf16 product in openblas"), "\(refused.errors)")
    }

    @Test("scores in fp16 by the definition, and says what else computes in it where the CPU does not")
    func half() throws {
        let model = try Demonstration(benchmarks: ["piqa"]).folder.appendingPathComponent("model").path
        let input = #"{"id":"a","context":[5,6,7,8,9,10,11,12],"continuations":[[3,4],[5]]}"#
        let answers = try ["fp32", "fp16"].map { precision in
            let result = try Programs.run(
                "worker", ["score", "--model", model, "--backend", "reference", "--precision", precision],
                input: input)
            #expect(result.status == 0, "\(result.errors)")
            return try JSONDecoder().decode(Sums.self, from: Data(result.output.utf8)).scores.map(\.loglikelihood)
        }
        for (left, right) in zip(answers[0], answers[1]) { #expect(left != right && abs(left - right) < 0.02) }
        for command in ["score", "generate", "bench"] {
            let refused = try Programs.run(
                "worker", [command, "--model", model, "--precision", "fp16"], input: input)
            #expect(refused.status != 0 && refused.output.isEmpty)
            for text in ["the CPU has no fp16 product", "--backend cuda", "fp32 or bf16"] {
                #expect(refused.errors.contains(text), "\(command): \(refused.errors)")
            }
        }
    }

    private struct Sums: Decodable {
        let scores: [Sum]
        struct Sum: Decodable { let loglikelihood: Double }
    }
}
