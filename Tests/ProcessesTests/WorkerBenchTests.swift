import Foundation
import Testing

@Suite("worker bench")
struct WorkerBenchTests {
    private struct Row: Decodable {
        let shape: String
        let tokensPerSecond: Double
        let milliseconds: Double
        let profileMilliseconds: [String: Double]?
        let peakRssBytes: Int
        let flopsReduction: Double
        let speedUp: Double
        let overhead: Double
    }

    @Test("times every shape with and without each reduction, and says where the time went")
    func rows() throws {
        let model = try Demonstration(benchmarks: ["piqa"]).folder.appendingPathComponent("model").path
        let result = try Programs.run(
            "worker",
            [
                "bench", "--model", model, "--shapes", "1x40,2x16", "--repeat", "2", "--json", "--profile",
                "--reduction",
                #"{"method":"utrc","keep_ratio":0.5,"layers":[1]}"#,
            ])
        #expect(result.status == 0, "\(result.errors)")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let rows = try decoder.decode([Row].self, from: Data(result.output.utf8))
        #expect(rows.map(\.shape) == ["1x40", "1x40", "2x16", "2x16"])
        for row in rows {
            let parts = try #require(row.profileMilliseconds)
            let kinds = ["products", "convolution", "scan", "norms", "head", "reduction", "rest"]
            #expect(parts.keys.sorted() == kinds.sorted())
            #expect(abs(parts.values.reduce(0, +) - row.milliseconds) < 1e-6)
            #expect(row.tokensPerSecond > 0 && row.speedUp > 0 && row.peakRssBytes > 1 << 20)
        }
        for (unreduced, reduced) in [(rows[0], rows[1]), (rows[2], rows[3])] {
            #expect(unreduced.overhead == 0 && unreduced.flopsReduction == 0 && unreduced.speedUp == 1)
            #expect(reduced.overhead > 0 && reduced.flopsReduction > 0)
        }
    }

    private struct Decoded: Decodable {
        let shape: String
        let newTokens: Int
        let tokensPerSecond: Double
        let milliseconds: Double
        let weightBytes: Double
        let bytesPerSecond: Double
        let readBytesPerSecond: Double
        let peakRssBytes: Int
    }

    @Test("times generation, and sets what a step reads against a plain read", arguments: ["fp32", "bf16"])
    func generation(precision: String) throws {
        let model = try Demonstration(benchmarks: ["piqa"]).folder.appendingPathComponent("model").path
        let result = try Programs.run(
            "worker",
            [
                "bench", "--model", model, "--shapes", "1x5,3x8", "--repeat", "1", "--json", "--generate", "4",
                "--precision", precision,
            ])
        #expect(result.status == 0, "\(result.errors)")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let rows = try decoder.decode([Decoded].self, from: Data(result.output.utf8))
        #expect(rows.map(\.shape) == ["1x5", "3x8"] && rows.allSatisfy { $0.newTokens == 4 })
        for (row, sequences) in zip(rows, [1.0, 3]) {
            #expect(abs(row.tokensPerSecond * row.milliseconds / 1000 - sequences) < 1e-6)
            #expect(row.bytesPerSecond > row.weightBytes / row.milliseconds * 1000)
            #expect(row.readBytesPerSecond > 0 && row.peakRssBytes > 1 << 20)
        }
    }

    @Test("refuses what is no shape", arguments: ["", "64", "0x5", "1x", "1x64,", "axb", "-1x4"])
    func wrongShapes(shapes: String) throws {
        let result = try Programs.run("worker", ["bench", "--model", ".", "--shapes=\(shapes)"])
        #expect(result.status != 0)
        #expect(result.errors.contains("--shapes"))
    }
}
