import Backends
import Foundation
import Mamba
import ModelFiles
import Operations
import Scoring
import TestSupport
import Testing

@Suite("Generation")
struct GenerationTests {
    static let shapes: [PublishedShape] = [.tiny, .tiny2]

    static func generator(
        _ shape: PublishedShape, _ reduction: Reduction, threads: Int = 1, precision: Precision = .fp32,
        budget: ScoringBudget? = nil
    ) throws -> Generator<CPUBackend> {
        let checkpoint = RandomCheckpoint.model(shape.configuration(vocabulary: 304), seed: 3)
        let backend = CPUBackend(threads: threads, precision: precision)
        return try Generator(
            model: LanguageModel(checkpoint, on: backend), reduction: reduction, budget: budget)
    }

    /// Prompts of all lengths, that ask for different numbers of tokens.
    static let requests = InvarianceTests.requests().enumerated().map { place, request in
        GenerationRequest(
            id: request.id, tokens: request.context,
            maxNewTokens: place.isMultiple(of: 3) ? nil : 1 + place % 5)
    }

    static func generate<B: Backend>(
        _ requests: [GenerationRequest], by generator: Generator<B>,
        limits: GenerationLimits = .init(newTokens: 6)
    ) throws -> [GenerationAnswer] {
        var times = GenerationTimes()
        let answers = try generator.generate(requests, within: limits, times: &times)
        #expect(times.newTokens == answers.reduce(0) { $0 + $1.tokens.count })
        #expect(times.promptTokens == requests.reduce(0) { $0 + $1.tokens.count - 1 })
        return answers
    }

    @Test(
        "any batch, budget, order or thread count gives the same tokens and probabilities",
        arguments: shapes,
        InvarianceTests.reductions)
    func company(shape: PublishedShape, reduction: Reduction) throws {
        for precision in CPUBackend.precisions {
            let generator = try Self.generator(shape, reduction, precision: precision)
            let whole = try Self.generate(Self.requests, by: generator)
            #expect(whole.map(\.tokens.count) == Self.requests.map { $0.maxNewTokens ?? 6 })
            for batch in [1, 4] {
                let limits = GenerationLimits(newTokens: 6, batch: batch)
                #expect(try Self.generate(Self.requests, by: generator, limits: limits) == whole)
            }
            let small = try Self.generator(
                shape, reduction, threads: 2, precision: precision,
                budget: ScoringBudget(rows: 70, states: 10))
            #expect(try Self.generate(Self.requests.reversed(), by: small).reversed() == whole)
        }
    }

    @Test("a token's probability is what scoring the generated text gives", arguments: shapes)
    func scored(shape: PublishedShape) throws {
        let generated = try Self.generate(Self.requests, by: Self.generator(shape, .none))
        let scored = try InvarianceTests.scorer(shape, .none).score(
            zip(Self.requests, generated).map {
                ScoringRequest(id: $0.id, context: $0.tokens, continuations: [$1.tokens])
            })
        for (generated, scored) in zip(generated, scored) {
            #expect(generated.logProbabilities == scored.scores.first?.perToken)
            #expect(scored.scores.first?.greedy == true)
        }
    }

    @Test("a stop token ends its sequence and no other", arguments: shapes)
    func stop(shape: PublishedShape) throws {
        let generator = try Self.generator(shape, .none)
        let free = try Self.generate(Self.requests, by: generator)
        let token = try #require(free.first { $0.tokens.count > 2 }?.tokens[1])
        let stopped = try Self.generate(
            Self.requests, by: generator, limits: GenerationLimits(newTokens: 6, stop: token))
        for (stopped, free) in zip(stopped, free) {
            let end = free.tokens.firstIndex(of: token) ?? free.tokens.count - 1
            #expect(stopped.tokens == Array(free.tokens.prefix(end + 1)))
        }
        #expect(stopped != free)
    }

    static let wrong: [(GenerationRequest, String)] = [
        (GenerationRequest(id: "x", tokens: []), "'x': the prompt is empty"),
        (GenerationRequest(id: "x", tokens: [3, 304]), "token 304 is outside"),
        (GenerationRequest(id: "x", tokens: [1], maxNewTokens: 0), "max_new_tokens is 0"),
    ]

    @Test("a prompt that cannot be gone on from is named", arguments: wrong)
    func refusals(request: GenerationRequest, message: String) throws {
        let error = try #require(throws: GenerationError.self) {
            try Self.generate([request], by: Self.generator(.tiny, .none))
        }
        #expect("\(error)".contains(message), "\(error)")
    }
}
