import Foundation
import TestSupport
import Testing

@Suite("worker generate")
struct WorkerGenerateTests {
    private struct Answer: Decodable {
        let id: String
        let tokens: [Int32]
        let logProbabilities: [Double]
        let positions: [Int]
    }

    private struct Golden: Decodable {
        let generation: [Generation]
        struct Generation: Decodable {
            let method: String
            let keepRatio: Double
            let layers: [Int]
            let prompt: [Int32]
            let positions: [Int]
            let tokens: [Int32]

            var reduction: String {
                method == "none"
                    ? #"{"method":"none"}"#
                    : #"{"method":"\#(method)","keep_ratio":\#(keepRatio),"layers":\#(layers)}"#
            }
        }
    }

    private static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }

    @Test(
        "goes on from reduced prompts with the golden tokens, and tells the rate",
        .enabled(if: Shared.isAvailable, Shared.explanation),
        arguments: ["m1", "m2", "m1-bf16", "m2-fp16"])
    func golden(model: String) throws {
        let data = try Data(contentsOf: Shared.url("fixtures/expected/\(model)-context.json"))
        let all = try Self.decoder().decode(Golden.self, from: data).generation
        for reduction in Set(all.map(\.reduction)).sorted() {
            let cases = all.filter { $0.reduction == reduction }
            let input = cases.enumerated().map { place, item in
                #"{"id":"\#(place)","tokens":\#(item.prompt),"max_new_tokens":\#(item.tokens.count)}"#
            }
            let result = try Programs.run(
                "worker",
                [
                    "generate", "--model", try Shared.url("fixtures/models/\(model)-hf").path, "--reduction",
                    reduction,
                ], input: input.joined(separator: "\n"))
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.errors.contains("tokens/s"))
            let answers = try result.output.split(separator: "\n").map {
                try Self.decoder().decode(Answer.self, from: Data($0.utf8))
            }
            #expect(answers.map(\.id) == cases.indices.map(String.init))
            #expect(answers.map(\.tokens) == cases.map(\.tokens))
            #expect(answers.map(\.positions) == cases.map(\.positions))
            #expect(answers.allSatisfy { $0.logProbabilities.count == $0.tokens.count })
        }
    }

    @Test("names the line that is no request")
    func wrongLine() throws {
        let model = try Demonstration(benchmarks: ["piqa"]).folder.appendingPathComponent("model").path
        let result = try Programs.run(
            "worker", ["generate", "--model", model],
            input: #"{"id":"a","tokens":[1]}"# + "\n{\"id\":\"b\"}")
        #expect(result.status != 0)
        #expect(
            result.errors.contains("standard input:2: not a request: no key 'tokens'"), "\(result.errors)"
        )
    }
}
