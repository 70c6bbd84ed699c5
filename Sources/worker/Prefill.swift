import Backends
import Mamba
import ModelFiles
import Operations

/// Times forward passes over several sequences of one length, under several reductions in turn.
struct Prefill {
    /// Which rows the head rates.
    enum Logits: String, CaseIterable {
        case all
        /// Each sequence's last.
        case last
    }

    /// Sequences × tokens each.
    struct Shape: Equatable, CustomStringConvertible {
        let sequences: Int
        let length: Int

        var description: String { "\(sequences)x\(length)" }
    }

    /// One timed pass.
    struct Run {
        let profile: Profile
        let counts: TokenCounts
    }

    /// What a reduction costs and saves; all figures but the ratios are the run's whose time is the median.
    struct Result {
        let shape: Shape
        let reduction: Reduction
        let profile: Profile
        let tokensPerSecond: Double
        /// The share of the layers' FLOPs that was saved; and of the layers' and a head's that rates every row.
        let flopsReduction: (layers: Double, withHead: Double)
        /// The unreduced time by the reduced one, of passes one after the other; the median.
        let speedUp: Double
        /// The time that the reduction itself took, as a share of the unreduced pass; the median.
        let overhead: Double
        /// How often each sequence was reduced.
        let reducedLayers: Int
        /// The most memory that the process had had by then, in bytes.
        let peakRSSBytes: Int
    }

    let shapes: [Shape]
    let reductions: [Reduction]
    let logits: Logits
    let repeats: Int

    /// For each shape, the unreduced model first, then each reduction, which is timed in turn with the unreduced model.
    func measure<B: Backend>(_ checkpoint: Checkpoint, on base: B) throws -> [Result] {
        let backend = Profiled(base)
        let model = try LanguageModel(checkpoint, on: backend)
        return try shapes.flatMap { shape in
            let pairs = try reductions.map { reduction in
                _ = try run(model, backend, shape, reduction)
                return try (0..<repeats).map { _ in
                    try Pair(
                        unreduced: run(model, backend, shape, .none), reduced: run(model, backend, shape, reduction))
                }
            }
            let alone = try pairs.isEmpty ? (0...repeats).map { _ in try run(model, backend, shape, .none) } : []
            let unreduced = alone.dropFirst() + pairs.joined().map(\.unreduced)
            let first = try summary(
                shape, .none, unreduced.map { Pair(unreduced: $0, reduced: $0) }, model.configuration)
            return try [first]
                + zip(reductions, pairs).map { try summary(shape, $0, $1, model.configuration) }
        }
    }

    /// Two passes, one after the other.
    private struct Pair {
        let unreduced: Run
        let reduced: Run
    }

    private func run<B: Backend>(
        _ model: LanguageModel<Profiled<B>>, _ backend: Profiled<B>, _ shape: Shape, _ reduction: Reduction
    ) throws -> Run {
        let rows = shape.sequences * shape.length
        let vocabulary = model.configuration.vocabularySize
        let tokens = (0..<rows).map { Int32(($0 * 48_271 + 11) % vocabulary) }
        let lengths = [Int](repeating: shape.length, count: shape.sequences)
        let (hidden, profile) = try backend.profile {
            var state = model.initialState(sequences: shape.sequences)
            let segments = Segments(lengths: lengths)
            let hidden = try model.forward(tokens, segments: segments, state: &state, reduction: reduction)
            let rated =
                switch logits {
                case .all: Array(0..<hidden.segments.rowCount)
                case .last: (0..<hidden.segments.count).map { hidden.segments[$0].upperBound - 1 }
                }
            _ = try model.score(hidden, rows: rated, targets: rated.map { tokens[$0] })
            return hidden
        }
        let counts = hidden.tokenCounts(entering: lengths, layerCount: model.configuration.layerCount)
        return Run(profile: profile, counts: TokenCounts(sumOf: counts))
    }

    private func summary(
        _ shape: Shape, _ reduction: Reduction, _ pairs: [Pair], _ configuration: ModelConfiguration
    ) throws -> Result {
        let costs = FLOPs(configuration)
        let middle = pairs.map(\.reduced).sorted { $0.profile.total < $1.profile.total }[pairs.count / 2]
        return Result(
            shape: shape, reduction: reduction, profile: middle.profile,
            tokensPerSecond: Double(shape.sequences * shape.length) / middle.profile.total,
            flopsReduction: (
                costs.saving(middle.counts, includingHead: false), costs.saving(middle.counts, includingHead: true)
            ),
            speedUp: median(pairs.map { $0.unreduced.profile.total / $0.reduced.profile.total }),
            overhead: median(pairs.map { $0.reduced.profile[.reduction] / $0.unreduced.profile.total }),
            reducedLayers: try reduction.resolvedLayers(layerCount: configuration.layerCount).count,
            peakRSSBytes: ResidentMemory.peakBytes)
    }

    private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
