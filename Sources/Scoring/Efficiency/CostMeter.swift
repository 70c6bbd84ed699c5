import Mamba
import ModelFiles
import Operations

/// What a model took under a reduction.
public struct MeasuredCost: Sendable, Equatable {
    /// That the model's parameters take, in bytes.
    public var weightBytes: Int
    /// The most that all else took at once, in bytes.
    public var activationBytes: Int
    /// In the order in which they ran; none where only memory was measured.
    public var passes: [Pass]
    /// The share of the prompts' FLOPs that was saved, without the head and with it for every row.
    public var flopsReduction: Double
    public var flopsReductionWithHead: Double
    /// Of all that was generated, the summed log softmax in nats: that there was work, and which.
    public var logProbability: Double

    /// A generation, and one without reduction right before it; in seconds.
    public struct Pass: Sendable, Equatable {
        public var promptSeconds: Double
        public var stepSeconds: Double
        public var plainPromptSeconds: Double
        public var plainStepSeconds: Double
    }
}

/// Measures what a model takes under a reduction, on sequences of one length whose tokens follow from their places.
///
/// Peak memory is what the backend's own books say; nothing that runs beside it counts. Times are of pairs, an unreduced
/// generation and a reduced one, so that what slows the machine down slows both.
public struct CostMeter<B: Backend>: Sendable {
    private let model: LanguageModel<B>
    private let memory: any CountsMemory
    private let reduction: Reduction

    /// - Parameter memory: the books of the model's backend.
    /// - Throws: `ReductionError` when the reduction does not fit the model's layers.
    public init(model: LanguageModel<B>, memory: any CountsMemory, reduction: Reduction) throws {
        try reduction.validate(layerCount: model.configuration.layerCount)
        self.model = model
        self.memory = memory
        self.reduction = reduction
    }

    /// One pass over all sequences at once, from nothing to the logits.
    ///
    /// - Parameter holdsLogits: whether the logits of every row that is left are held at once, or each sequence's last
    ///   row is rated.
    public func pass(promptTokens: Int, batch: Int, holdsLogits: Bool) throws -> MeasuredCost {
        let tokens = (0..<batch).flatMap { prompt($0, promptTokens) }
        memory.beginPeak()
        let before = memory.memoryUse.activations
        try run(tokens, Segments(lengths: [Int](repeating: promptTokens, count: batch)), holdsLogits)
        return try cost(promptTokens, since: before)
    }

    private func run(_ tokens: [Int32], _ segments: Segments, _ holdsLogits: Bool) throws {
        var state = model.initialState(sequences: segments.count)
        let hidden = try model.forward(
            tokens, segments: segments, state: &state, reduction: reduction, stretch: .max)
        if holdsLogits {
            try model.backend.wait(for: model.heldLogits(hidden))
        } else {
            let last = (0..<hidden.segments.count).map { hidden.segments[$0].upperBound - 1 }
            _ = try model.score(hidden, rows: last, targets: last.map { _ in 0 })
        }
    }

    /// Timed generations of `newTokens` for each sequence.
    ///
    /// - Parameters:
    ///   - rowsTogether: how many of the prompts' rows are read at a time, at least those of a prompt.
    ///   - warmUp: tokens of the prompts of a generation of two tokens before the first timed one.
    ///   - shouldContinue: asked between generations, with how many have ended; `false` stops with `CancellationError`.
    public func generations(
        promptTokens: Int, batch: Int, newTokens: Int, repeats: Int, rowsTogether: Int, warmUp: Int,
        shouldContinue: (Int) -> Bool
    ) throws -> MeasuredCost {
        let budget = ScoringBudget(rows: rowsTogether, states: 2 * batch)
        let reduced = try Generator(model: model, reduction: reduction, budget: budget)
        let plain = try Generator(model: model, reduction: .none, budget: budget)
        let requests = (0..<batch).map { GenerationRequest(id: "\($0)", tokens: prompt($0, promptTokens)) }
        let short = requests.map { GenerationRequest(id: $0.id, tokens: Array($0.tokens.prefix(max(2, warmUp)))) }
        var ended = 0
        func time(
            _ generator: Generator<B>, _ requests: [GenerationRequest], _ newTokens: Int
        ) throws -> (times: GenerationTimes, answers: [GenerationAnswer]) {
            guard shouldContinue(ended) else { throw CancellationError() }
            ended += 1
            var times = GenerationTimes()
            let answers = try generator.generate(
                requests, within: GenerationLimits(newTokens: newTokens), times: &times)
            return (times, answers)
        }
        for generator in [plain, reduced] { _ = try time(generator, short, 2) }
        memory.beginPeak()
        let before = memory.memoryUse.activations
        var peak = 0
        var passes: [MeasuredCost.Pass] = []
        var logProbability = 0.0
        for _ in 0..<repeats {
            // An unreduced model is not timed beside itself.
            let base = reduction.method == .none ? nil : try time(plain, requests, newTokens).times
            memory.beginPeak()
            let (times, answers) = try time(reduced, requests, newTokens)
            peak = max(peak, memory.memoryUse.activationsPeak - before)
            logProbability = answers.flatMap(\.logProbabilities).reduce(0, +)
            passes.append(
                .init(
                    promptSeconds: times.promptSeconds, stepSeconds: times.stepSeconds,
                    plainPromptSeconds: (base ?? times).promptSeconds, plainStepSeconds: (base ?? times).stepSeconds))
        }
        var cost = try cost(promptTokens, since: before)
        cost.activationBytes = peak
        cost.passes = passes
        cost.logProbability = logProbability
        return cost
    }

    /// The books after work, with the shares that the reduction saves by its schedule.
    private func cost(_ promptTokens: Int, since before: Int) throws -> MeasuredCost {
        let use = memory.memoryUse
        let counts = try reduction.tokens(entering: promptTokens, layerCount: model.configuration.layerCount)
        let costs = FLOPs(model.configuration)
        return MeasuredCost(
            weightBytes: use.weights, activationBytes: use.activationsPeak - before, passes: [],
            flopsReduction: costs.saving(counts, includingHead: false),
            flopsReductionWithHead: costs.saving(counts, includingHead: true), logProbability: 0)
    }

    /// Tokens that look like no text and differ from sequence to sequence.
    private func prompt(_ sequence: Int, _ length: Int) -> [Int32] {
        (0..<length).map { Int32(((sequence * length + $0) * 48_271 + 11) % model.configuration.vocabularySize) }
    }
}
