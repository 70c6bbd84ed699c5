import Backends
import Mamba
import ModelFiles
import Operations
import Scoring
import Testing

/// A score is a function of (weights, tokens, reduction, engine): nothing about how requests are batched enters it.
@Suite("Scores do not depend on how they are computed")
struct InvarianceTests {
    static let reductions: [Reduction] = {
        let texts = [
            #"{"method":"none"}"#,
            #"{"method":"utrc","keep_ratio":0.7,"layers":[1,2],"scope":"context"}"#,
            #"{"method":"utrc","flops":0.2,"layers":[0,1],"scope":"sequence","align":"position"}"#,
        ]
        return texts.compactMap { try? Reduction(json: .init($0.utf8)) }
    }()

    static let shapes: [PublishedShape] = [.tiny, .tiny2]

    /// Requests of all lengths, some sharing contexts.
    static func requests() -> [ScoringRequest] {
        var state: UInt64 = 7
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        return (0..<23).map { index in
            let context = (0..<(1 + next(60))).map { _ in Int32(next(300)) }
            let continuations = (0..<(1 + index % 5)).map { _ in (0..<(1 + next(9))).map { _ in Int32(next(300)) } }
            return ScoringRequest(id: "\(index)", context: context, continuations: continuations)
        }
    }

    static func scorer(
        _ shape: PublishedShape, _ reduction: Reduction, threads: Int = 1, precision: Precision = .fp32,
        instructionSet: InstructionSet? = nil, budget: ScoringBudget? = nil
    ) throws -> Scorer<CPUBackend> {
        let checkpoint = RandomCheckpoint.model(shape.configuration(vocabulary: 304), seed: 3)
        let backend = CPUBackend(threads: threads, precision: precision, instructionSet: instructionSet)
        let model = try LanguageModel(checkpoint, on: backend)
        return try Scorer(model: model, reduction: reduction, budget: budget)
    }

    @Test("any budget, order, thread count or company gives the same bits", arguments: shapes, reductions)
    func bits(shape: PublishedShape, reduction: Reduction) throws {
        let requests = Self.requests()
        let whole = try Self.scorer(shape, reduction).score(requests)
        #expect(whole.allSatisfy { answer in answer.scores.allSatisfy { $0.loglikelihood.isFinite } })
        for budget in [ScoringBudget(rows: 1, states: 1), ScoringBudget(rows: 50, states: 3)] {
            #expect(try Self.scorer(shape, reduction, budget: budget).score(requests) == whole)
        }
        #expect(try Self.scorer(shape, reduction, threads: 2).score(requests) == whole)
        #expect(try Self.scorer(shape, reduction).score(requests.reversed()).reversed() == whole)
        let alone = try requests.flatMap { try Self.scorer(shape, reduction).score([$0]) }
        #expect(alone == whole)
    }

    @Test("in bf16 too, on any instruction set, and other bits than in fp32", arguments: shapes, reductions)
    func bitsOfBFloat16(shape: PublishedShape, reduction: Reduction) throws {
        let requests = Self.requests()
        let whole = try Self.scorer(shape, reduction, precision: .bf16).score(requests)
        let small = ScoringBudget(rows: 50, states: 3)
        for set in InstructionSet.available {
            let scorer = try Self.scorer(
                shape, reduction, threads: 2, precision: .bf16, instructionSet: set, budget: small)
            #expect(try scorer.score(requests) == whole, "\(set)")
        }
        #expect(try Self.scorer(shape, reduction).score(requests) != whole)
    }

    @Test("a continuation scores the same beside its siblings and without them", arguments: shapes, reductions)
    func sharing(shape: PublishedShape, reduction: Reduction) throws {
        let scorer = try Self.scorer(shape, reduction)
        for request in Self.requests().prefix(8) {
            let together = try #require(try scorer.score([request]).first).scores
            let apart = try request.continuations.flatMap { continuation in
                try scorer.score([ScoringRequest(id: "", context: request.context, continuations: [continuation])])
            }.flatMap(\.scores)
            #expect(together == apart)
        }
    }

    @Test("a reduction saves about what was asked for", arguments: shapes)
    func savings(shape: PublishedShape) throws {
        let reduction = try #require(Self.reductions.last)
        let request = ScoringRequest(
            id: "", context: Array(repeating: 5, count: 200), continuations: [[1, 2, 3]])
        let score = try #require(try Self.scorer(shape, reduction).score([request]).first?.scores.first)
        #expect((0.2..<0.23).contains(score.flopsReduction))
        #expect(score.inputTokens == 202)
        #expect(try Self.scorer(shape, .none).score([request]).first?.scores.first?.flopsReduction == 0)
    }
}

@Suite("Requests that cannot be scored")
struct BadRequests {
    static let cases: [(ScoringRequest, String)] = [
        (ScoringRequest(id: "x", context: [], continuations: [[1]]), "'x': the context is empty"),
        (ScoringRequest(id: "x", context: [1], continuations: [[2], []]), "'x': continuation 1 is empty"),
        (ScoringRequest(id: "x", context: [1], continuations: [[304]]), "token 304 is outside"),
        (ScoringRequest(id: "x", context: [-1], continuations: [[3]]), "token -1 is outside"),
        (
            ScoringRequest(id: "x", context: [1], continuations: [Array(repeating: 1, count: 2049)]),
            "2049 tokens; at most 2048"
        ),
    ]

    @Test("each is named", arguments: cases)
    func named(request: ScoringRequest, message: String) throws {
        let error = try #require(throws: ScoringError.self) {
            try InvarianceTests.scorer(.tiny, .none).score([request])
        }
        #expect("\(error)".contains(message), "\(error)")
    }

    @Test("a long context is cut on the left, as lm-evaluation-harness cuts it")
    func truncated() throws {
        let scorer = try InvarianceTests.scorer(.tiny, .none)
        let context = (0..<3000).map { Int32($0 % 300) }
        let long = try scorer.score([ScoringRequest(id: "", context: context, continuations: [[7, 8, 9]])])
        let short = try scorer.score(
            [ScoringRequest(id: "", context: Array(context.suffix(2046)), continuations: [[7, 8, 9]])])
        #expect(long == short)
        #expect(long.first?.scores.first?.inputTokens == 2048)
    }

    @Test("scoring stops when asked to")
    func stops() throws {
        let scorer = try InvarianceTests.scorer(.tiny, .none, budget: ScoringBudget(rows: 10, states: 2))
        #expect(throws: CancellationError.self) {
            try scorer.score(InvarianceTests.requests()) { $0 < 3 }
        }
    }
}
