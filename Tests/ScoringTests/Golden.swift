import Foundation
import Mamba
import TestSupport

/// Golden scores of `shared/fixtures`; how they were made and how to compare stands in that folder's README.
enum Golden {
    static let layouts: [Layout] = [
        Layout(folder: "m1-hf", model: "m1"), Layout(folder: "m1-ss", model: "m1"),
        Layout(folder: "m2-hf", model: "m2"), Layout(folder: "m2-ss", model: "m2"),
        Layout(folder: "m2-hf-sharded", model: "m2"), Layout(folder: "m1-bf16-hf", model: "m1-bf16"),
        Layout(folder: "m1-bf16-ss", model: "m1-bf16"), Layout(folder: "m2-fp16-ss", model: "m2-fp16"),
        Layout(folder: "m2-fp16-hf", model: "m2-fp16"),
    ]
    /// What the fixtures' README allows on a log-probability.
    static let tolerance = 5e-4

    struct Layout: Sendable, CustomStringConvertible {
        let folder: String
        let model: String
        var description: String { folder }
        var checkpoint: URL { get throws { try Shared.url("fixtures/models/\(folder)") } }
        var expected: Expected { get throws { try Golden.read("fixtures/expected/\(model).json") } }
        var context: ExpectedContext { get throws { try Golden.read("fixtures/expected/\(model)-context.json") } }
    }

    static func read<Value: Decodable>(_ path: String) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Value.self, from: Data(contentsOf: Shared.url(path)))
    }
}

struct Score: Decodable {
    let loglikelihood: Double
    let greedy: Bool
    let perToken: [Double]
}

/// `expected/NAME.json`
struct Expected: Decodable {
    struct Plain: Decodable {
        let context: [Int32]
        let continuation: [Int32]
        let loglikelihood: Double
        let greedy: Bool
        let perToken: [Double]
    }
    struct Reduced: Decodable {
        let method: String
        let keepRatio: Double
        let layers: [Int]
        let context: [Int32]
        let continuation: [Int32]
        let tail: Score
        let position: Score
    }
    let loglikelihood: [Plain]
    let loglikelihoodReduced: [Reduced]
}

/// `expected/NAME-context.json`
struct ExpectedContext: Decodable {
    struct Scoring: Decodable {
        let method: String
        let keepRatio: Double
        let layers: [Int]
        let context: [Int32]
        let continuations: [[Int32]]
        let positions: [Int]
        let results: [Score]
    }
    let scoring: [Scoring]
}

extension Reduction {
    /// The reduction of a fixture's case; nil where this build does not have the method.
    static func fixture(
        _ method: String, keepRatio: Double, layers: [Int], scope: Scope, align: Alignment = .tail
    ) throws -> Reduction? {
        guard let method = Method(rawValue: method) else { return nil }
        if method == .none { return Reduction.none }
        return try Reduction(
            method: method, layers: layers, amount: .keepRatio(keepRatio), scope: scope, align: align)
    }
}
