import Mamba
import Operations

/// What a reduction did to one input, layer by layer, told in the input's own positions.
public struct ReductionTrace: Sendable, Equatable {
    /// A token that left after a layer, and what became of its row in the two branches.
    public struct Removal: Sendable, Equatable {
        /// The token's place in the input, from 0.
        public let position: Int
        /// The place of the token whose row it was averaged into in the hidden branch; nil where it was pruned.
        public let hiddenInto: Int?
        /// The same in the residual branch.
        public let residualInto: Int?
        /// How important its row was, where the method asks.
        public let importance: Float?
    }

    /// What one scheduled layer did.
    public struct Step: Sendable, Equatable {
        /// From 0; the layer still processed all tokens that entered it.
        public let layer: Int
        /// How many tokens that take part entered it.
        public let entered: Int
        /// Ascending in position.
        public let removals: [Removal]
    }

    /// The tokens that the model reads: context and continuation but for its last token, truncated as for scoring.
    public let input: [Int32]
    /// The first so many tokens take part in the reduction.
    public let reducible: Int
    /// How many of the input's last rows rate the continuation.
    public let scored: Int
    /// By layer.
    public let steps: [Step]
    /// The places of the tokens, among those that take part, that are left after the last layer.
    public let survivors: [Int]
}

extension ReductionTrace.Step {
    /// A step in the input's positions; `positions` are those of the rows that entered the layer.
    fileprivate init(_ step: ReductionStep, positions: [Int]) {
        let hidden = ReductionTrace.destinations(step.decision.hidden)
        let residual = ReductionTrace.destinations(step.decision.residual)
        let kept = Set(step.decision.hidden.kept)
        layer = step.layer
        entered = step.rows
        removals = (0..<step.rows).filter { !kept.contains($0) }.map { row in
            ReductionTrace.Removal(
                position: positions[row], hiddenInto: hidden[row].map { positions[$0] },
                residualInto: residual[row].map { positions[$0] }, importance: step.decision.importance?[row])
        }
    }
}

extension ReductionTrace {
    fileprivate static func destinations(_ reduction: RowReduction) -> [Int: Int] {
        let pairs = reduction.merges.flatMap { merge in merge.sources.map { ($0, merge.destination) } }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }
}

extension Scorer {
    /// What the reduction does to one continuation of a request on its way to a score: the same decisions, since no row's
    /// arithmetic depends on what it is packed with.
    ///
    /// - Throws: ``ScoringError`` for a request that cannot be scored.
    public func trace(_ request: ScoringRequest, continuation: Int) throws -> ReductionTrace {
        let sequence = try ScoredSequence(
            request, at: 0, continuation: continuation, vocabulary: model.configuration.vocabularySize)
        let reducible = reduction.scope == .context ? sequence.prefix.count : sequence.input.count
        var steps: [ReductionTrace.Step] = []
        var positions = Array(0..<reducible)
        if reducible > 0, reduction.method != .none {
            var state = model.initialState(sequences: 1)
            let hidden = try model.forward(
                Array(sequence.input.prefix(reducible)), segments: Segments(lengths: [reducible]), state: &state,
                reduction: reduction)
            for step in hidden.steps {
                steps.append(ReductionTrace.Step(step, positions: positions))
                positions = step.decision.hidden.kept.map { positions[$0] }
            }
        }
        return ReductionTrace(
            input: sequence.input, reducible: reducible, scored: sequence.targets.count, steps: steps,
            survivors: positions)
    }
}
