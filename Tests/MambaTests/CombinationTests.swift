import Backends
import Mamba
import ModelFiles
import Operations
import TestSupport
import Testing

/// Every method, variant, scope, source, importance and prune share, on real (small) checkpoints.
@Suite("Every reduction runs, and the backends decide alike", .enabled(if: Shared.isAvailable, Shared.explanation))
struct CombinationTests {
    @Test("whatever a method may read, in either scope", arguments: Definition.all, ["m1-hf", "m2-hf"])
    func combinations(definition: Definition, folder: String) throws {
        let checkpoint = try Checkpoint.open(Shared.url("fixtures/models/\(folder)"))
        let reference = try LanguageModel(checkpoint, on: ReferenceBackend())
        let cpu = try LanguageModel(checkpoint, on: CPUBackend())
        let layerCount = checkpoint.configuration.layerCount
        for reduction in try reductions(definition, layers: [[0], [1, 3], Array(0..<layerCount)]) {
            try reduction.validate(layerCount: layerCount)
            let (left, leftScores) = try positionsAndScores(reference, reduction)
            let (right, rightScores) = try positionsAndScores(cpu, reduction)
            #expect(left == right, "\(reduction)")
            #expect(zip(leftScores, rightScores).allSatisfy { abs($0 - $1) < 5e-4 }, "\(reduction)")
            let counts = try reduction.tokens(entering: left.read, layerCount: layerCount)
            #expect(left.positions.count == counts.remaining, "\(reduction)")
        }
    }

    /// Each key's values in turn, the others being the defaults, in both scopes and over several lists of layers.
    private func reductions(_ definition: Definition, layers: [[Int]]) throws -> [Reduction] {
        let rule = definition.method.rule(definition.variant)
        let shares = [0, 0.25, 0.5, 1]
        var all: [Reduction] = []
        func add(
            _ layers: [Int], importance: Importance = .clip, source: Reduction.Source? = nil, hidden: Double = 0.5,
            residual: Double = 0, seed: Int = 0
        ) throws {
            for scope in Reduction.Scope.allCases {
                all.append(
                    try Reduction(
                        method: definition.method, layers: layers, amount: .keepRatio(0.8), importance: importance,
                        source: source, hiddenPrune: hidden, residualPrune: residual, seed: seed, scope: scope,
                        variant: definition.variant))
            }
        }
        for list in layers { try add(list) }
        for source in rule.keys.contains(.source) ? rule.sources : [] { try add(layers[1], source: source) }
        for metric in rule.keys.contains(.importance) ? Importance.allCases : [] {
            try add(layers[1], importance: metric)
        }
        for share in rule.keys.contains(.hiddenPrune) ? shares : [] { try add(layers[1], hidden: share) }
        for share in rule.keys.contains(.residualPrune) ? shares : [] { try add(layers[1], residual: share) }
        for seed in rule.keys.contains(.seed) ? [1, 1 << 40] : [] { try add(layers[1], seed: seed) }
        return all
    }

    /// How many rows were reduced, and which of them are left.
    private struct Survivors: Equatable {
        let read: Int
        let positions: [Int]
    }

    /// Reduces 30 tokens, or in context scope the first 24, after which the others are read; then rates the last rows.
    private func positionsAndScores<B: Backend>(
        _ model: LanguageModel<B>, _ reduction: Reduction
    ) throws -> (Survivors, [Double]) {
        let vocabulary = Int32(model.configuration.vocabularySize)
        let tokens = (0..<30).map { Int32($0 * $0 * 7 + 3) % vocabulary }
        let read = reduction.scope == .context ? 24 : 30
        var state = model.initialState(sequences: 1)
        var hidden = try model.forward(
            Array(tokens[..<read]), segments: Segments(lengths: [read]), state: &state, reduction: reduction)
        let survivors = Survivors(read: read, positions: hidden.positions[0])
        if read < tokens.count {
            let rest = Array(tokens[read...])
            hidden = try model.forward(rest, segments: Segments(lengths: [rest.count]), state: &state)
        }
        let rows = Array((0..<hidden.segments.rowCount).suffix(3))
        return (survivors, try model.score(hidden, rows: rows, targets: rows.map { _ in 5 }).map(\.logProbability))
    }
}
