import Backends
import Foundation
import Mamba
import Wording

/// A measurement as JSON, with keys in snake case.
struct BenchRow: Encodable {
    let shape: String
    let reduction: Reduction
    let tokensPerSecond: Double
    let milliseconds: Double
    /// By part, where that was asked for; their sum is the whole.
    let profileMilliseconds: [String: Double]?
    /// The most memory that the process has had so far, in bytes.
    let peakRSSBytes: Int
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
        case peakRSSBytes = "peak_rss_bytes"
        case flopsReduction = "flops_reduction"
        case flopsReductionWithHead = "flops_reduction_with_head"
        case speedUp = "speed_up"
        case reducedLayers = "reduced_layers"
    }

    /// - Parameter profiled: whether to say where the time went.
    init(_ result: Prefill.Result, profiled: Bool) {
        shape = result.shape.description
        reduction = result.reduction
        tokensPerSecond = result.tokensPerSecond
        milliseconds = 1000 * result.profile.total
        let parts = Profile.Part.allCases.map { ($0.rawValue, 1000 * result.profile[$0]) }
        profileMilliseconds = profiled ? Dictionary(uniqueKeysWithValues: parts) : nil
        peakRSSBytes = result.peakRSSBytes
        flopsReduction = result.flopsReduction.layers
        flopsReductionWithHead = result.flopsReduction.withHead
        speedUp = result.speedUp
        overhead = result.overhead
        reducedLayers = result.reducedLayers
    }
}

/// A measurement in words.
enum BenchText {
    /// - Parameter profiled: whether to say where the time went.
    static func describe(_ result: Prefill.Result, profiled: Bool) -> String {
        let total = result.profile.total
        var lines = [
            "\(result.shape)  \(result.reduction)",
            "    \(number("%.0f", result.tokensPerSecond)) tokens/s, \(number("%.1f", 1000 * total)) ms, "
                + "at most \(result.peakRSSBytes >> 20) MiB of memory",
        ]
        if profiled {
            lines += Profile.Part.allCases.filter { result.profile[$0] > 0 }.map { part in
                "    \(part.rawValue.padding(toLength: 12, withPad: " ", startingAt: 0)) "
                    + "\(number("%9.2f", 1000 * result.profile[part])) ms  \(percent(result.profile[part] / total))"
            }
        }
        if result.reducedLayers > 0 {
            let (layers, withHead) = result.flopsReduction
            lines.append(
                "    FLOPs -\(percent(layers)) (with the head -\(percent(withHead))), "
                    + "speed-up \(number("%.3f", result.speedUp))×")
            lines.append(
                "    the reduction takes \(percent(result.overhead)) of an unreduced pass, "
                    + "\(percent(result.overhead / Double(result.reducedLayers))) for each of "
                    + counted(result.reducedLayers, "layer"))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func percent(_ share: Double) -> String { number("%.2f", 100 * share) + " %" }

    private static func number(_ format: String, _ value: Double) -> String { String(format: format, value) }
}
