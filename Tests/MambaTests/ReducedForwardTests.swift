import Foundation
import Mamba
import ModelFiles
import Operations
import TestSupport
import Testing

@Suite("Forward passes that shed tokens", .enabled(if: Shared.isAvailable, Shared.explanation))
struct ReducedForwardTests {
    @Test("every method keeps, merges and matches the golden rows", arguments: Golden.layouts, Engine.allCases)
    func decisions(layout: Golden.Layout, engine: Engine) throws {
        func check<B: Backend>(_ backend: B) throws {
            let model = try LanguageModel(Checkpoint.open(layout.url), on: backend)
            let expected = try layout.expected
            let counts = Dictionary(grouping: expected.reduction, by: \.method).mapValues(\.count)
            #expect(counts == ["utrc": 17, "evit": 8, "pumer": 8, "ltmp": 8])
            for item in expected.reduction {
                let hidden = try model.read(item.tokens, reduction: item.reduction)
                #expect(hidden.positions == [item.positions], "\(item.name)")
                #expect(hidden.steps.map(\.layer) == item.layers)
                for (step, golden) in zip(hidden.steps, item.layersOut) {
                    expectEqual(step.decision, golden, within: 1e-4, "\(item.name), layer \(golden.layer)")
                }
            }
        }
        try check(engine.backend)
    }

    @Test("logits of the surviving rows are golden", arguments: Golden.layouts, Engine.allCases)
    func logits(layout: Golden.Layout, engine: Engine) throws {
        func check<B: Backend>(_ backend: B) throws {
            let model = try LanguageModel(Checkpoint.open(layout.url), on: backend)
            let (expected, tensors) = (try layout.expected, try layout.tensors)
            for item in expected.reduction {
                let hidden = try model.read(item.tokens, reduction: item.reduction)
                let logits = try model.allLogits(hidden)
                let width = model.configuration.vocabularySize
                let rows = stride(from: 0, to: logits.count, by: width).map { logits[$0..<$0 + width] }
                let last = try #require(tensors[item.tensors + ".last_logits"])
                #expect(distance(try #require(rows.last), last) < expected.suggestedToleranceAbs, "\(item.name)")
                let sums = try #require(tensors[item.tensors + ".logsumexp"])
                #expect(distance(rows.map(logSumExp), sums) < expected.suggestedToleranceAbs, "\(item.name)")
                if item.fullLogits {
                    let all = try #require(tensors[item.tensors + ".logits"])
                    #expect(distance(logits, all) < expected.suggestedToleranceAbs, "\(item.name)")
                }
            }
        }
        try check(engine.backend)
    }

    @Test("what follows a reduced prefix is golden", arguments: Golden.models, Engine.allCases)
    func contextScope(layout: Golden.Layout, engine: Engine) throws {
        func check<B: Backend>(_ backend: B) throws {
            let model = try LanguageModel(Checkpoint.open(layout.url), on: backend)
            for item in try layout.context.scoring {
                var state = model.initialState(sequences: 1)
                let prefix = Array(item.context.dropLast())
                let reduced = try model.forward(
                    prefix, segments: Segments(lengths: [prefix.count]), state: &state,
                    reduction: reduction(item.method, item.layers, item.keepRatio))
                #expect(reduced.positions == [item.positions], "\(item.method)")
                var forks = state.forked(item.continuations.map { _ in 0 })
                let scored = item.continuations.map { item.context.suffix(1) + $0.dropLast() }
                let segments = Segments(lengths: scored.map(\.count))
                let hidden = try model.forward(scored.flatMap { $0 }, segments: segments, state: &forks)
                for (index, golden) in item.results.enumerated() {
                    let scores = try model.score(
                        hidden, rows: Array(segments[index]), targets: item.continuations[index])
                    for (score, value) in zip(scores, golden.perToken) {
                        #expect(abs(score.logProbability - value) < 5e-4)
                    }
                    #expect(scores.allSatisfy(\.isGreedy) == golden.greedy)
                }
            }
        }
        try check(engine.backend)
    }

    @Test("greedy tokens after a reduced prompt are golden", arguments: Golden.models, Engine.allCases)
    func generation(layout: Golden.Layout, engine: Engine) throws {
        func check<B: Backend>(_ backend: B) throws {
            let model = try LanguageModel(Checkpoint.open(layout.url), on: backend)
            for item in try layout.context.generation {
                var state = model.initialState(sequences: 1)
                let prefix = Array(item.prompt.dropLast())
                let reduced = try model.forward(
                    prefix, segments: Segments(lengths: [prefix.count]), state: &state,
                    reduction: reduction(item.method, item.layers, item.keepRatio))
                #expect(reduced.positions == [item.positions], "\(item.method)")
                var tokens = Array(item.prompt.suffix(1))
                while tokens.count <= item.tokens.count {
                    let hidden = try model.forward(
                        [tokens[tokens.count - 1]], segments: Segments(lengths: [1]), state: &state)
                    tokens += try model.choose(hidden, rows: [0]).map(\.token)
                }
                #expect(Array(tokens.dropFirst()) == item.tokens)
            }
        }
        try check(engine.backend)
    }

    private func reduction(_ method: String, _ layers: [Int], _ keepRatio: Double) throws -> Reduction {
        let method = try #require(Reduction.Method(rawValue: method))
        return method == .none ? .none : try Reduction(method: method, layers: layers, amount: .keepRatio(keepRatio))
    }

    private func logSumExp(_ logits: ArraySlice<Float>) -> Float {
        let largest = Double(logits.max() ?? 0)
        return Float(largest + log(logits.reduce(0) { $0 + exp(Double($1) - largest) }))
    }
}

extension Expected.Reduced {
    var reduction: Reduction {
        get throws {
            let source: Reduction.Source = try #require(Reduction.Source(rawValue: source))
            return try Reduction(
                method: try #require(Reduction.Method(rawValue: method)), layers: layers, amount: .keepRatio(keepRatio),
                importance: try #require(Importance(rawValue: metric)), source: source, hiddenPrune: qHidden,
                residualPrune: qResidual)
        }
    }
}
