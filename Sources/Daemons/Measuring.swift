import Backends
import Benchmarks
import Foundation
import Mamba
import ModelFiles
import Operations
import Scoring
import Wire

/// What a worker cannot measure.
public enum MeasureError: Error, Equatable, CustomStringConvertible {
    case unknown(kind: String)
    case tooLarge(measure: String, model: String, reduction: String, need: MemoryNeed, has: Int)
    case uncounted(engine: String)

    public var description: String {
        switch self {
        case .unknown(let kind):
            "this worker does not know the measure '\(kind)' that the job asks for; update the worker"
        case .tooLarge(let measure, let model, let reduction, let need, let has):
            """
            needs \(gibibytes(need.total)), has \(gibibytes(has)): \(measure) of \(model) under \(reduction) takes \
            \(gibibytes(need.weights)) of weights and \(gibibytes(need.activations)) of activations and states, and this \
            worker has no more free; measure fewer or shorter sequences, or on a larger machine
            """
        case .uncounted(let engine): "the engine \(engine) does not count its memory; measure on cpu or cuda"
        }
    }

    private func gibibytes(_ bytes: Int) -> String { String(format: "%.2f GiB", Double(bytes) / Double(1 << 30)) }
}

extension Measure {
    /// The measure that a job asks for.
    init(_ wire: WireMeasure) throws {
        let (promptTokens, batch) = (max(2, Int(wire.promptTokens)), max(1, Int(wire.batch)))
        switch Kind(rawValue: wire.kind) {
        case .memory:
            let logits = wire.logits.isEmpty ? .all : Logits(rawValue: wire.logits)
            guard let logits else { throw MeasureError.unknown(kind: "memory with logits \(wire.logits)") }
            self = .memory(promptTokens: promptTokens, batch: batch, logits: logits)
        case .throughput:
            self = .throughput(
                promptTokens: promptTokens, batch: batch, newTokens: max(1, Int(wire.newTokens)),
                repeats: max(1, Int(wire.repeats)))
        case nil: throw MeasureError.unknown(kind: wire.kind)
        }
    }

    /// What it takes at most.
    ///
    /// - Parameters:
    ///   - rowsTogether: how many of the prompts' rows a generation reads at a time.
    ///   - scan: the values that a layer's scan keeps of a sequence; E·N if nil.
    func need(
        _ model: ModelConfiguration, _ precision: Precision, _ reduction: Reduction, rowsTogether: Int, scan: Int?
    ) throws -> MemoryNeed {
        switch kind {
        case .memory:
            try .pass(
                model, precision: precision, promptTokens: promptTokens, batch: batch, reduction: reduction,
                holdsLogits: logits == .all, scan: scan)
        case .throughput:
            .generation(
                model, precision: precision, promptTokens: promptTokens, batch: batch, rowsTogether: rowsTogether,
                scan: scan)
        }
    }
}

extension EngineOptions {
    /// Memory that is still to be had where the engine computes, in bytes; 0 where that cannot be told.
    var freeMemoryBytes: Int {
        get throws {
            guard device == .cuda else { return Int(clamping: Machine.freeMemoryBytes) }
            return try CUDADevice(deviceIndex, of: CUDALibrary()).properties.freeBytes
        }
    }

    /// How many rows of prompts a generation reads at a time: on a GPU all of them, where more rows go faster.
    func rowsTogether(of measure: Measure, _ model: ModelConfiguration) -> Int {
        let few = generationBudget(for: model).rows
        return device == .cuda ? max(few, measure.batch * measure.promptTokens) : few
    }
}

extension CostMeter {
    /// Measures what a job asks for.
    ///
    /// - Parameter shouldContinue: asked between passes, with how many have ended.
    func cost(
        of measure: Measure, rowsTogether: Int, warmUp: Int, shouldContinue: (Int) -> Bool
    ) throws -> MeasuredCost {
        switch measure.kind {
        case .memory:
            try pass(
                promptTokens: measure.promptTokens, batch: measure.batch, holdsLogits: measure.logits == .all)
        case .throughput:
            try generations(
                promptTokens: measure.promptTokens, batch: measure.batch, newTokens: measure.newTokens ?? 1,
                repeats: measure.repeats ?? Measure.standardRepeats, rowsTogether: rowsTogether, warmUp: warmUp,
                shouldContinue: shouldContinue)
        }
    }
}

extension WireRow {
    /// The row of an example that was measured: its one choice is what was generated.
    init(example: UInt32, _ measure: Measure, _ cost: MeasuredCost) {
        self.init()
        self.example = example
        tokens = UInt64(measure.batch * measure.promptTokens)
        flopsReduction = cost.flopsReduction
        flopsReductionWithHead = cost.flopsReductionWithHead
        choices = [
            .with {
                $0.loglikelihood = cost.logProbability
                $0.tokens = UInt32(clamping: measure.batch * (measure.newTokens ?? 0))
            }
        ]
        measurement = .with {
            $0.weightBytes = UInt64(clamping: cost.weightBytes)
            $0.activationBytes = UInt64(clamping: cost.activationBytes)
            $0.passes = cost.passes.map { pass in
                .with {
                    $0.promptSeconds = pass.promptSeconds
                    $0.stepSeconds = pass.stepSeconds
                    $0.plainPromptSeconds = pass.plainPromptSeconds
                    $0.plainStepSeconds = pass.plainStepSeconds
                }
            }
        }
    }
}
