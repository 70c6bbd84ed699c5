import Foundation
import Mamba
import TestSupport

/// The golden values of `shared/fixtures`: float64 arithmetic on the stored weights, saved as float32. How they were
/// made and how to compare with them stands in that folder's README.
enum Golden {
    /// Every model folder, with the name of the values that it must give.
    static let layouts: [Layout] = [
        Layout("m1-hf", "m1"), Layout("m1-ss", "m1"),
        Layout("m2-hf", "m2"), Layout("m2-ss", "m2"), Layout("m2-hf-sharded", "m2"),
        Layout("m1-bf16-hf", "m1-bf16"), Layout("m1-bf16-ss", "m1-bf16"),
        Layout("m2-fp16-ss", "m2-fp16"), Layout("m2-fp16-hf", "m2-fp16"),
    ]

    /// The methods that the golden values hold decisions of.
    static let methods: [Reduction.Method] = [.utrc, .evit, .pumer, .ltmp]

    /// One layout of each model; the others hold the same weights.
    static let models = ["m1", "m2", "m1-bf16", "m2-fp16"].map { Layout($0 + "-hf", $0) }

    struct Layout: Sendable, CustomStringConvertible {
        let folder: String
        let model: String

        init(_ folder: String, _ model: String) {
            self.folder = folder
            self.model = model
        }

        var url: URL { get throws { try Shared.url("fixtures/models/\(folder)") } }
        var expected: Expected { get throws { try Golden.read("expected/\(model).json") } }
        var context: ExpectedContext { get throws { try Golden.read("expected/\(model)-context.json") } }
        var tensors: [String: [Float]] { get throws { try Golden.tensors("expected/\(model).safetensors") } }
        var description: String { folder }
    }

    static func read<T: Decodable>(_ path: String) throws -> T {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(T.self, from: Data(contentsOf: try Shared.url("fixtures/" + path)))
    }

    /// All float32 tensors of a safetensors file, by name.
    private static func tensors(_ path: String) throws -> [String: [Float]] {
        let data = try Data(contentsOf: try Shared.url("fixtures/" + path))
        let headerLength = data.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        let header = try JSONSerialization.jsonObject(with: data[8..<8 + headerLength]) as? [String: [String: Any]]
        return (header ?? [:]).compactMapValues { entry in
            guard let offsets = entry["data_offsets"] as? [Int] else { return nil }
            let bytes = data[(8 + headerLength + offsets[0])..<(8 + headerLength + offsets[1])]
            return bytes.withUnsafeBytes { raw in
                (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
            }
        }
    }
}

/// `expected/NAME.json`
struct Expected: Decodable {
    struct Forward: Decodable {
        let tokens: [Int32]
        let logits: String
    }
    struct State: Decodable {
        let tokens: [Int32]
        let cut: Int
        let logits: String
    }
    struct Loglikelihood: Decodable {
        let context: [Int32]
        let continuation: [Int32]
        let loglikelihood: Double
        let perToken: [Double]
        let greedy: Bool
    }
    struct Reduced: Decodable {
        let name: String
        let method: String
        let layers: [Int]
        let keepRatio: Double
        let metric: String
        let qHidden: Double
        let qResidual: Double
        let source: String
        let tokens: [Int32]
        let tensors: String
        let fullLogits: Bool
        let positions: [Int]
        let layersOut: [Layer]
    }
    struct Layer: Decodable, GoldenDecision {
        let layer: Int
        let kept: [Int]
        let hiddenGroups: [String: [Int]]
        let residualGroups: [String: [Int]]
        let positions: [Int]
        let importance: [Double]?
        let connections: [Connected]?
        let setA: [Int]?
    }

    let layouts: [String]
    let forward: [Forward]
    let state: State
    let loglikelihood: [Loglikelihood]
    let reduction: [Reduced]
    let suggestedToleranceAbs: Double
}

/// `expected/NAME-context.json`
struct ExpectedContext: Decodable {
    struct Generation: Decodable {
        let method: String
        let keepRatio: Double
        let layers: [Int]
        let prompt: [Int32]
        let positions: [Int]
        let tokens: [Int32]
    }
    struct Scoring: Decodable {
        struct Result: Decodable {
            let perToken: [Double]
            let greedy: Bool
        }
        let method: String
        let keepRatio: Double
        let layers: [Int]
        let context: [Int32]
        let continuations: [[Int32]]
        let positions: [Int]
        let results: [Result]
    }

    let scoring: [Scoring]
    let generation: [Generation]
}

/// The largest absolute difference; infinite for lists of unlike length, and where a value is not a number.
func distance(_ values: some Collection<Float>, _ expected: some Collection<Float>) -> Double {
    guard values.count == expected.count else { return .infinity }
    return zip(values, expected).reduce(0) { worst, pair in
        let difference = abs(Double(pair.0) - Double(pair.1))
        return difference.isNaN ? .infinity : max(worst, difference)
    }
}
