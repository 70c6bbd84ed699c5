import Mamba
import ModelFiles
import Operations

/// Goes on from prompts greedily: the token with the largest logit, again and again.
///
/// A prompt's prefix, all its tokens but the last, is read under the reduction; the last and the generated ones are not
/// reduced. Sequences are generated together, one row each a step, from states that are updated in place. What a
/// sequence gets does not depend on its company.
public struct Generator<B: Backend>: Sendable {
    public let model: LanguageModel<B>
    public let reduction: Reduction
    public let budget: ScoringBudget

    /// - Throws: `ReductionError` when the reduction does not fit the model's layers.
    public init(model: LanguageModel<B>, reduction: Reduction, budget: ScoringBudget? = nil) throws {
        try reduction.validate(layerCount: model.configuration.layerCount)
        self.model = model
        self.reduction = reduction
        self.budget =
            budget ?? ScoringBudget(bytes: ScoringBudget.defaultBytes, for: model.configuration)
    }

    /// Goes on from every prompt, as many at a time as the limits and the budget's states allow.
    ///
    /// - Parameter times: is added to.
    /// - Throws: ``GenerationError`` for a request that cannot be gone on from, before anything is generated.
    public func generate(
        _ requests: [GenerationRequest], within limits: GenerationLimits, times: inout GenerationTimes
    ) throws -> [GenerationAnswer] {
        for request in requests { try check(request) }
        // A batch's states are there twice while they are put together.
        let size = max(1, min(limits.batch, budget.states / 2))
        return try stride(from: 0, to: requests.count, by: size).flatMap { first in
            let part = requests[first..<min(requests.count, first + size)]
            return try generate(together: Array(part), within: limits, times: &times)
        }
    }

    private func check(_ request: GenerationRequest) throws {
        let vocabulary = model.configuration.vocabularySize
        guard !request.tokens.isEmpty else { throw GenerationError.emptyPrompt(request: request.id) }
        if let token = request.tokens.first(where: { $0 < 0 || Int($0) >= vocabulary }) {
            throw GenerationError.unknownToken(request: request.id, token: token, vocabulary: vocabulary)
        }
        if let count = request.maxNewTokens, count < 1 {
            throw GenerationError.notPositive(request: request.id, count: count)
        }
    }

    private func generate(
        together requests: [GenerationRequest], within limits: GenerationLimits,
        times: inout GenerationTimes
    ) throws -> [GenerationAnswer] {
        let start = ContinuousClock.now
        var answers = requests.map {
            GenerationAnswer(id: $0.id, tokens: [], logProbabilities: [], positions: [])
        }
        var state = try read(requests.map { $0.tokens.dropLast() }) { answers[$0].positions = $1 }
        var active = Array(requests.indices)
        var last = requests.map { $0.tokens[$0.tokens.count - 1] }
        let begun = ContinuousClock.now
        var loop = StepLoop()
        while !active.isEmpty {
            let choices = try model.backend.repeating(&loop, of: last) { try step($0, &state) }
            times.steps += 1
            times.newTokens += choices.count
            for (sequence, choice) in zip(active, choices) {
                answers[sequence].tokens.append(choice.token)
                answers[sequence].logProbabilities.append(choice.logProbability)
            }
            let going = active.indices.filter { place in
                let answer = answers[active[place]]
                return answer.tokens.count < requests[active[place]].maxNewTokens ?? limits.newTokens
                    && choices[place].token != limits.stop
            }
            last = going.map { choices[$0].token }
            if going.count < active.count {
                state = state.forked(going)
                active = going.map { active[$0] }
                loop = StepLoop()
            }
        }
        times.promptTokens += requests.reduce(0) { $0 + $1.tokens.count - 1 }
        times.promptSeconds += start.duration(to: begun) / .seconds(1)
        times.stepSeconds += begun.duration(to: .now) / .seconds(1)
        return answers
    }

    /// Gives every sequence its next token.
    private func step(_ tokens: [Int32], _ state: inout ModelState<B>) throws -> [TokenChoice] {
        let segments = Segments(lengths: tokens.map { _ in 1 })
        return try model.choose(
            model.forward(tokens, segments: segments, state: &state), rows: Array(tokens.indices))
    }

    /// Reads prefixes under the reduction, as many at a time as the budget has rows for.
    ///
    /// - Parameter tell: hears of every prefix which of its rows survive.
    private func read(
        _ prefixes: [ArraySlice<Int32>], tell: (_ prefix: Int, _ positions: [Int]) -> Void
    ) throws -> ModelState<B> {
        var states: [SequenceState<B>] = []
        var first = 0
        while first < prefixes.count {
            var (end, rows) = (first + 1, prefixes[first].count)
            while end < prefixes.count, rows + prefixes[end].count <= budget.rows {
                rows += prefixes[end].count
                end += 1
            }
            let part = prefixes[first..<end]
            var state = model.initialState(sequences: part.count)
            let hidden = try model.forward(
                Array(part.joined()), segments: Segments(lengths: part.map(\.count)), state: &state,
                reduction: reduction, stretch: max(2048, budget.rows))
            for (index, positions) in hidden.positions.enumerated() { tell(first + index, positions) }
            if end == prefixes.count, hidden.segments.rowCount > 0 {
                // A device that computes later is waited for, so that the prompts' time is theirs.
                try model.backend.wait(for: hidden.residual)
            }
            for index in 0..<part.count { states.append(state[index]) }
            first = end
        }
        return model.state(of: states)
    }
}
