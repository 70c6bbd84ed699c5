import Backends
import Foundation
import Mamba

/// A measurement as JSON, with keys in snake case.
struct BenchRow: Encodable {
    let shape: String
    let reduction: Reduction
    let tokensPerSecond: Double
    let milliseconds: Double
    /// By part; their sum is the whole.
    let profileMilliseconds: [String: Double]
    let flopsReduction: Double
    let flopsReductionWithHead: Double
    let speedUp: Double
    /// The reduction's own time by the unreduced pass's.
    let overhead: Double
    let reducedLayers: Int

    enum CodingKeys: String, CodingKey {
        case shape, reduction, milliseconds, overhead
        case tokensPerSecond = "tokens_per_second"
        case profileMilliseconds = "profile_milliseconds"
        case flopsReduction = "flops_reduction"
        case flopsReductionWithHead = "flops_reduction_with_head"
        case speedUp = "speed_up"
        case reducedLayers = "reduced_layers"
    }

    init(_ result: Prefill.Result) {
        shape = result.shape.description
        reduction = result.reduction
        tokensPerSecond = result.tokensPerSecond
        milliseconds = 1000 * result.profile.total
        profileMilliseconds = Dictionary(
            uniqueKeysWithValues: Profile.Part.allCases.map { ($0.rawValue, 1000 * result.profile[$0]) })
        flopsReduction = result.flopsReduction.layers
        flopsReductionWithHead = result.flopsReduction.withHead
        speedUp = result.speedUp
        overhead = result.overhead
        reducedLayers = result.reducedLayers
    }
}

/// A measurement in words.
enum BenchText {
    static func describe(_ result: Prefill.Result) -> String {
        let total = result.profile.total
        var lines = [
            "\(result.shape)  \(result.reduction)",
            "    \(number("%.0f", result.tokensPerSecond)) tokens/s, \(number("%.1f", 1000 * total)) ms: "
                + Profile.Part.allCases.filter { result.profile[$0] > 0 }.map { part in
                    "\(part) \(percent(result.profile[part] / total))"
                }.joined(separator: ", "),
        ]
        if result.reducedLayers > 0 {
            let (layers, withHead) = result.flopsReduction
            lines.append(
                "    FLOPs -\(percent(layers)) (with the head -\(percent(withHead))), "
                    + "speed-up \(number("%.3f", result.speedUp))×")
            lines.append(
                "    the reduction takes \(percent(result.overhead)) of an unreduced pass, "
                    + "\(percent(result.overhead / Double(result.reducedLayers))) for each of "
                    + "\(result.reducedLayers) layers")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func percent(_ share: Double) -> String { number("%.2f", 100 * share) + " %" }

    private static func number(_ format: String, _ value: Double) -> String { String(format: format, value) }
}
