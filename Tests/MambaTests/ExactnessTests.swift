import Backends
import Foundation
import Mamba
import ModelFiles
import Operations
import Testing

/// A score must not depend on what it is computed with, to the bit.
@Suite("Exactness")
struct ExactnessTests {
    @Test(
        "a prefix and its continuation give the bits of the whole, wherever it is cut",
        arguments: ModelConfiguration.Architecture.allCases, Engine.exact)
    func continuation(architecture: ModelConfiguration.Architecture, engine: Engine) throws {
        func check<B: Backend>(_ backend: B) throws {
            let model = try LanguageModel(Synthetic.checkpoint(architecture), on: backend)
            let tokens = Synthetic.tokens(37, seed: 3)
            var whole = model.initialState(sequences: 1)
            let logits = try model.allLogits(
                model.forward(tokens, segments: Segments(lengths: [37]), state: &whole))
            for cut in [0, 1, 2, 3, 4, 5, 16, 31, 36, 37] {
                var state = model.initialState(sequences: 1)
                var parts: [Float] = []
                for part in [Array(tokens[..<cut]), Array(tokens[cut...])] {
                    let hidden = try model.forward(part, segments: Segments(lengths: [part.count]), state: &state)
                    parts += try model.allLogits(hidden)
                }
                #expect(parts == logits, "cut at \(cut)")
                #expect(try values(of: state, on: backend) == values(of: whole, on: backend), "cut at \(cut)")
            }
        }
        try check(engine.backend)
    }

    @Test(
        "sequences longer than a pass give the bits and states of their parts",
        arguments: ModelConfiguration.Architecture.allCases, Engine.exact)
    func stretches(architecture: ModelConfiguration.Architecture, engine: Engine) throws {
        func check<B: Backend>(_ backend: B) throws {
            let model = try LanguageModel(Synthetic.checkpoint(architecture), on: backend)
            let sequences = [3, 2300, 0, 2100].map { Synthetic.tokens($0, seed: UInt64($0)) }
            let segments = Segments(lengths: sequences.map(\.count))
            var packed = model.initialState(sequences: sequences.count)
            let whole = try model.forward(sequences.flatMap { $0 }, segments: segments, state: &packed)
            for (index, tokens) in sequences.enumerated() {
                var state = model.initialState(sequences: 1)
                var residual: [Float] = []
                for first in stride(from: 0, to: tokens.count, by: 700) {
                    let part = Array(tokens[first..<min(tokens.count, first + 700)])
                    let hidden = try model.forward(part, segments: Segments(lengths: [part.count]), state: &state)
                    residual += try backend.values(of: hidden.residual)
                }
                let rows = backend.gather(Array(whole.segments[index]), from: whole.residual)
                #expect(try backend.values(of: rows) == residual, "sequence \(index)")
                #expect(whole.positions[index] == Array(0..<tokens.count))
                let single = try values(of: state, on: backend)
                #expect(try values(of: packed.forked([index]), on: backend) == single, "sequence \(index)")
            }
        }
        try check(engine.backend)
    }

    @Test(
        "a tree in one pass gives the bits and states of its branches",
        arguments: ModelConfiguration.Architecture.allCases, Engine.exact)
    func trees(architecture: ModelConfiguration.Architecture, engine: Engine) throws {
        func check<B: Backend>(_ backend: B) throws {
            #expect(backend.forksWithinPasses)
            let model = try LanguageModel(Synthetic.checkpoint(architecture), on: backend)
            let parents: [Int?] = [nil, 0, 1, 0, nil, 4, 3]
            let parts = [9, 3, 17, 1, 2, 40, 0].map { Synthetic.tokens($0, seed: UInt64($0)) }
            let before = Synthetic.tokens(5, seed: 77)
            var start = model.initialState(sequences: 1)
            _ = try model.forward(before, segments: Segments(lengths: [5]), state: &start)
            let (hidden, states) = try model.forward(
                parts.flatMap { $0 }, segments: Segments(lengths: parts.map(\.count), after: parents),
                after: parts.indices.map { $0 == 4 ? start[0] : nil }, keeping: [2, 5, 6])
            for (leaf, kept) in [(2, 0), (5, 1), (6, 2)] {
                var path = [leaf]
                while let parent = parents[path[0]] { path.insert(parent, at: 0) }
                let tokens = (path[0] == 4 ? before : []) + path.flatMap { parts[$0] }
                var state = model.initialState(sequences: 1)
                let whole = try model.forward(tokens, segments: Segments(lengths: [tokens.count]), state: &state)
                let rows = path.flatMap { Array(hidden.segments[$0]) }
                let last = Array(tokens.count - rows.count..<tokens.count)
                #expect(try model.logits(hidden, rows: rows) == model.logits(whole, rows: last), "leaf \(leaf)")
                #expect(
                    try values(of: states.forked([kept]), on: backend) == values(of: state, on: backend),
                    "leaf \(leaf)")
            }
        }
        try check(engine.backend)
    }

    @Test(
        "a sequence gives the same bits alone and packed with others, under every reduction",
        arguments: ModelConfiguration.Architecture.allCases, Engine.exact)
    func packing(architecture: ModelConfiguration.Architecture, engine: Engine) throws {
        let reductions = try Definition.all.map { try $0.reduction(.keepRatio(0.8), layers: [0, 2, 3]) }
        func check<B: Backend>(_ backend: B) throws {
            let model = try LanguageModel(Synthetic.checkpoint(architecture), on: backend)
            let sequences = [5, 1, 0, 40, 17, 2, 33].enumerated().map { index, length in
                Synthetic.tokens(length, seed: UInt64(index))
            }
            for reduction in [.none] + reductions {
                var packed = model.initialState(sequences: sequences.count)
                let together = try model.forward(
                    sequences.flatMap { $0 }, segments: Segments(lengths: sequences.map(\.count)), state: &packed,
                    reduction: reduction)
                for (index, tokens) in sequences.enumerated() {
                    var single = model.initialState(sequences: 1)
                    let alone = try model.forward(
                        tokens, segments: Segments(lengths: [tokens.count]), state: &single, reduction: reduction)
                    #expect(together.positions[index] == alone.positions[0])
                    let logits = try model.logits(together, rows: Array(together.segments[index]))
                    #expect(logits == (try model.allLogits(alone)), "sequence \(index), \(reduction)")
                    let fork = try values(of: packed.forked([index]), on: backend)
                    #expect(fork == (try values(of: single, on: backend)), "sequence \(index), \(reduction)")
                    let steps = together.steps.filter { $0.segment == index }.map(\.decision)
                    #expect(steps == alone.steps.map(\.decision))
                }
            }
        }
        try check(engine.backend)
    }

    @Test(
        "continuations that fork from one state give the bits of their wholes",
        arguments: ModelConfiguration.Architecture.allCases, Engine.exact)
    func forks(architecture: ModelConfiguration.Architecture, engine: Engine) throws {
        func check<B: Backend>(_ backend: B) throws {
            let model = try LanguageModel(Synthetic.checkpoint(architecture), on: backend)
            let contexts = [Synthetic.tokens(9, seed: 1), Synthetic.tokens(4, seed: 2)]
            var state = model.initialState(sequences: 2)
            _ = try model.forward(contexts.flatMap { $0 }, segments: Segments(lengths: [9, 4]), state: &state)
            let before = try values(of: state, on: backend)
            let choices = [3, 6, 1].map { Synthetic.tokens($0, seed: UInt64($0)) }
            var forks = state.forked([1, 0, 1])
            let segments = Segments(lengths: [3, 6, 1])
            let hidden = try model.forward(choices.flatMap { $0 }, segments: segments, state: &forks)
            for (index, context) in [contexts[1], contexts[0], contexts[1]].enumerated() {
                let whole = try model.read(context + choices[index])
                let rows = Array(context.count..<context.count + choices[index].count)
                #expect(
                    try model.logits(hidden, rows: Array(segments[index])) == model.logits(whole, rows: rows))
            }
            #expect(try values(of: state, on: backend) == before, "the forks wrote to the state they came from")
        }
        try check(engine.backend)
    }

    @Test(
        "scores are those of the logits", arguments: ModelConfiguration.Architecture.allCases, Engine.exact)
    func scores(architecture: ModelConfiguration.Architecture, engine: Engine) throws {
        func check<B: Backend>(_ backend: B) throws {
            let model = try LanguageModel(Synthetic.checkpoint(architecture), on: backend)
            let hidden = try model.read(Synthetic.tokens(12, seed: 5))
            let rows = [11, 0, 3]
            let logits = try model.logits(hidden, rows: rows)
            for (index, row) in rows.enumerated() {
                let all = logits[index * Synthetic.vocabularySize..<(index + 1) * Synthetic.vocabularySize]
                let order = all.sorted(by: >)
                let best = Int32(all.firstIndex(of: order[0]).map { $0 - all.startIndex } ?? -1)
                let targets = (0..<Int32(Synthetic.vocabularySize)).map { $0 }
                let scores = try model.score(hidden, rows: targets.map { _ in row }, targets: targets)
                #expect(scores.indices.filter { scores[$0].isGreedy } == [Int(best)])
                #expect(abs(Double(scores[0].margin - (order[0] - order[1]))) < 1e-5)
                let probability = scores.reduce(0) { $0 + exp($1.logProbability) }
                #expect(abs(probability - 1) < 1e-5)
            }
        }
        try check(engine.backend)
    }

    @Test(
        "a token outside the vocabulary is an error, and the state stays as it was",
        arguments: [-1, Int32(Synthetic.vocabularySize), .max, .min], Engine.exact)
    func foreignTokens(token: Int32, engine: Engine) throws {
        func check<B: Backend>(_ backend: B) throws {
            let model = try LanguageModel(Synthetic.checkpoint(.mamba1), on: backend)
            var state = model.initialState(sequences: 1)
            let error = try #require(throws: TokenError.self) {
                try model.forward([3, token], segments: Segments(lengths: [2]), state: &state)
            }
            #expect("\(error)".contains("token \(token) (number 1 of the batch, from 0)"))
            #expect(try values(of: state, on: backend).allSatisfy { $0 == 0 })
            let hidden = try model.read([3])
            #expect(throws: TokenError.self) { try model.score(hidden, rows: [0], targets: [token]) }
        }
        try check(engine.backend)
    }

    @Test(
        "threads and instruction sets do not change a bit", arguments: ModelConfiguration.Architecture.allCases,
        InstructionSet.available)
    func machines(architecture: ModelConfiguration.Architecture, instructionSet: InstructionSet) throws {
        let tokens = Synthetic.tokens(70, seed: 6)
        for definition in Definition.all {
            let reduction = try definition.reduction(.keepRatio(0.8), layers: [0, 2, 3])
            func logits(threads: Int, _ instructionSet: InstructionSet) throws -> [Float] {
                let backend = CPUBackend(threads: threads, gemm: .packed, instructionSet: instructionSet)
                let model = try LanguageModel(Synthetic.checkpoint(architecture), on: backend)
                return try model.allLogits(model.read(tokens, reduction: reduction))
            }
            let expected = try logits(threads: 1, .portable)
            #expect(try logits(threads: 1, instructionSet) == expected, "\(definition)")
            #expect(try logits(threads: 2, instructionSet) == expected, "\(definition)")
        }
    }

    private func values<B: Backend>(of state: ModelState<B>, on backend: B) throws -> [Float] {
        try state.layers.flatMap { try backend.values(of: $0.convolution) + backend.values(of: $0.scan) }
    }
}
