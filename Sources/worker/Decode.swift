import Backends
import Foundation
import Mamba
import ModelFiles
import Operations
import Scoring

/// Times greedy generation after prompts of one length, and a plain read of memory beside it: a step has to read every
/// weight once, so the machine's bandwidth bounds it.
struct Decode {
    let shapes: [Prefill.Shape]
    let reductions: [Reduction]
    /// Tokens that each sequence is given.
    let newTokens: Int
    let repeats: Int
    /// Threads that read memory, as many as the engine's.
    let threads: Int

    /// One measurement; of several runs, the one whose steps took the median time.
    struct Result: Encodable {
        let shape: String
        let reduction: Reduction
        let newTokens: Int
        /// Of all sequences together.
        let tokensPerSecond: Double
        /// A step's.
        let milliseconds: Double
        let promptTokensPerSecond: Double
        /// Bytes of all parameters, as the products read them.
        let weightBytes: Int
        /// Bytes of the states of all sequences, with what is kept beside them.
        let stateBytes: Int
        /// Weights and what is read and written of states, by the time of a step.
        let bytesPerSecond: Double
        /// What a plain read of memory gave, after all measurements.
        var readBytesPerSecond: Double
        /// The most memory that the process had had by then, in bytes.
        let peakRSSBytes: Int

        enum CodingKeys: String, CodingKey {
            case shape, reduction, milliseconds
            case newTokens = "new_tokens"
            case tokensPerSecond = "tokens_per_second"
            case promptTokensPerSecond = "prompt_tokens_per_second"
            case weightBytes = "weight_bytes"
            case stateBytes = "state_bytes"
            case bytesPerSecond = "bytes_per_second"
            case readBytesPerSecond = "read_bytes_per_second"
            case peakRSSBytes = "peak_rss_bytes"
        }

        var text: String {
            func number(_ format: String, _ value: Double) -> String { String(format: format, value) }
            return """
                \(shape)  \(reduction)
                    \(number("%.1f", tokensPerSecond)) tokens/s, \(number("%.2f", milliseconds)) ms a step, \
                prompts \(number("%.0f", promptTokensPerSecond)) tokens/s
                    \(number("%.2f", bytesPerSecond / 1e9)) GB/s of weights and states, \
                \(number("%.0f", 100 * bytesPerSecond / readBytesPerSecond)) % of a plain read's \
                \(number("%.2f", readBytesPerSecond / 1e9)) GB/s

                """
        }
    }

    /// For each shape, the unreduced prompts first, then each reduction's.
    func measure<B: Backend>(_ checkpoint: Checkpoint, on backend: B, precision: Precision) throws -> [Result] {
        let model = try LanguageModel(checkpoint, on: backend)
        var results = try shapes.flatMap { shape in
            try ([.none] + reductions).map { try measure(shape, $0, model, precision) }
        }
        // Only now: what it reads is memory of its own, which no peak counts.
        let read = MemoryRead.bytesPerSecond(threads: threads)
        for index in results.indices { results[index].readBytesPerSecond = read }
        return results
    }

    private func measure<B: Backend>(
        _ shape: Prefill.Shape, _ reduction: Reduction, _ model: LanguageModel<B>, _ precision: Precision
    ) throws -> Result {
        let configuration = model.configuration
        let requests = (0..<shape.sequences).map { sequence in
            let tokens = (0..<shape.length).map {
                Int32(((sequence * shape.length + $0) * 48_271 + 11) % configuration.vocabularySize)
            }
            return GenerationRequest(id: "\(sequence)", tokens: tokens)
        }
        let generator = try Generator(
            model: model, reduction: reduction,
            budget: ScoringBudget(rows: 1024, states: 2 * shape.sequences))
        let runs = try (0...repeats).map { _ in
            var times = GenerationTimes()
            _ = try generator.generate(requests, within: GenerationLimits(newTokens: newTokens), times: &times)
            return times
        }.dropFirst()
        let times = runs.sorted { $0.stepSeconds < $1.stepSeconds }[repeats / 2]
        let step = times.stepSeconds / Double(times.steps)
        let weightBytes = configuration.parameterCount * precision.bytesPerWeight
        let (stateBytes, moved) = stateBytes(of: model)
        return Result(
            shape: shape.description, reduction: reduction, newTokens: newTokens,
            tokensPerSecond: Double(times.newTokens) / times.stepSeconds, milliseconds: 1000 * step,
            promptTokensPerSecond: times.promptSeconds > 0
                ? Double(times.promptTokens) / times.promptSeconds : 0,
            weightBytes: weightBytes, stateBytes: shape.sequences * stateBytes,
            bytesPerSecond: Double(weightBytes + shape.sequences * moved) / step, readBytesPerSecond: 0,
            peakRSSBytes: ResidentMemory.peakBytes)
    }

    /// What a sequence's state takes, and what a step reads and writes of it: all of it, unless rows are kept beside it
    /// until it is written. Then it is read, and half of these on average.
    private func stateBytes<B: Backend>(of model: LanguageModel<B>) -> (held: Int, moved: Int) {
        let configuration = model.configuration
        guard configuration.architecture == .mamba2 else {
            let held = ScoringBudget.bytesPerState(configuration)
            return (held, 2 * held)
        }
        let shape = configuration.headScan
        let columns = model.backend.headStateColumns(shape)
        let held = ScoringBudget.bytesPerState(configuration, scan: columns)
        guard columns > shape.stateSize else { return (held, 2 * held) }
        return (held, ScoringBudget.bytesPerState(configuration, scan: (shape.stateSize + columns) / 2))
    }
}
