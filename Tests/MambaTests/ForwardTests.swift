import Foundation
import Mamba
import ModelFiles
import Operations
import TestSupport
import Testing

@Suite("Forward passes", .enabled(if: Shared.isAvailable, Shared.explanation))
struct ForwardTests {
    @Test("every layout and dtype gives the golden logits", arguments: Golden.layouts, Engine.allCases)
    func logits(layout: Golden.Layout, engine: Engine) throws {
        func check<B: Backend>(_ backend: B) throws {
            let model = try LanguageModel(Checkpoint.open(layout.url), on: backend)
            let (expected, tensors) = (try layout.expected, try layout.tensors)
            #expect(expected.layouts.contains(layout.folder))
            for item in expected.forward {
                let logits = try model.allLogits(model.read(item.tokens))
                let golden = try #require(tensors[item.logits])
                #expect(distance(logits, golden) < expected.suggestedToleranceAbs, "\(item.logits)")
            }
        }
        try check(engine.backend)
    }

    @Test("all layouts of a model give the same bits", arguments: Golden.layouts, Engine.allCases)
    func layoutsAgree(layout: Golden.Layout, engine: Engine) throws {
        func check<B: Backend>(_ backend: B) throws {
            let tokens = try layout.expected.state.tokens
            let model = try LanguageModel(Checkpoint.open(layout.url), on: backend)
            let first = try #require(Golden.models.first { $0.model == layout.model })
            let other = try LanguageModel(Checkpoint.open(first.url), on: backend)
            #expect(try model.allLogits(model.read(tokens)) == other.allLogits(other.read(tokens)))
        }
        try check(engine.backend)
    }

    @Test("states after a prefix and after all are golden", arguments: Golden.layouts, Engine.allCases)
    func states(layout: Golden.Layout, engine: Engine) throws {
        func check<B: Backend>(_ backend: B) throws {
            let model = try LanguageModel(Checkpoint.open(layout.url), on: backend)
            let (expected, tensors) = (try layout.expected, try layout.tensors)
            let (tokens, cut) = (expected.state.tokens, expected.state.cut)
            func compare(_ state: ModelState<B>, _ when: String) throws {
                for (layer, layerState) in state.layers.enumerated() {
                    let name = "state.\(when).\(layer)"
                    let convolution = try #require(tensors["\(name).conv"])
                    let scan = try #require(tensors["\(name).ssm"])
                    let tolerance = expected.suggestedToleranceAbs
                    #expect(
                        distance(try backend.values(of: layerState.convolution), convolution) < tolerance, "\(name)")
                    #expect(distance(try backend.values(of: layerState.scan), scan) < tolerance, "\(name)")
                }
            }
            var state = model.initialState(sequences: 1)
            let prefix = try model.forward(Array(tokens[..<cut]), segments: Segments(lengths: [cut]), state: &state)
            try compare(state, "prefix")
            let rest = Array(tokens[cut...])
            let continuation = try model.forward(rest, segments: Segments(lengths: [rest.count]), state: &state)
            try compare(state, "final")
            let logits = try model.allLogits(prefix) + model.allLogits(continuation)
            #expect(distance(logits, try #require(tensors[expected.state.logits])) < expected.suggestedToleranceAbs)
        }
        try check(engine.backend)
    }

    @Test("a continuation's log-likelihood is golden", arguments: Golden.layouts, Engine.allCases)
    func loglikelihoods(layout: Golden.Layout, engine: Engine) throws {
        func check<B: Backend>(_ backend: B) throws {
            let model = try LanguageModel(Checkpoint.open(layout.url), on: backend)
            let expected = try layout.expected
            for item in expected.loglikelihood {
                let hidden = try model.read(item.context + item.continuation.dropLast())
                let rows = Array(item.context.count - 1..<hidden.segments.rowCount)
                let scores = try model.score(hidden, rows: rows, targets: item.continuation)
                for (score, golden) in zip(scores, item.perToken) {
                    #expect(abs(score.logProbability - golden) < expected.suggestedToleranceAbs)
                }
                let sum = scores.reduce(0) { $0 + $1.logProbability }
                #expect(abs(sum - item.loglikelihood) < expected.suggestedToleranceAbs)
                #expect(scores.allSatisfy(\.isGreedy) == item.greedy)
            }
        }
        try check(engine.backend)
    }
}
