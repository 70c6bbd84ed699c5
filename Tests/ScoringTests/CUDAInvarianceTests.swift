import Backends
import Mamba
import ModelFiles
import Operations
import Scoring
import TestDevices
import Testing

/// Of engines whose products, and chunks of Mamba-2's scan, are in half precision.
@Suite(
    "A GPU's scores do not depend on how they are computed",
    .enabled(if: CUDADevices.available.contains(.host), "\(CUDADevices.explanation)"))
struct CUDAInvarianceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let shape: PublishedShape
        let precision: Precision
        var testDescription: String { "\(shape.rawValue) \(precision.rawValue)" }
    }

    static let cases = [
        Case(shape: .tiny2, precision: .bf16), Case(shape: .tiny2, precision: .fp16),
        Case(shape: .tiny, precision: .fp16),
    ]

    /// Contexts on both sides of a chunk's end and of two, some of them shared, some that begin alike.
    static let requests: [ScoringRequest] = {
        let text = (0..<80).map { Int32(($0 * 37 + $0 * $0) % 300) }
        var requests: [ScoringRequest] = []
        for (index, length) in [31, 32, 70, 12].enumerated() {
            let ends = (0..<2).map { choice in
                (0..<2 + choice).map { Int32((index * 7 + choice * 5 + $0) % 300) }
            }
            requests.append(ScoringRequest(id: "\(index)", context: Array(text[..<length]), continuations: ends))
        }
        requests.append(ScoringRequest(id: "other", context: Array(text[20..<61]), continuations: [[3, 4], [5]]))
        return requests
    }()

    static func model(_ given: Case) throws -> LanguageModel<CUDABackend> {
        let checkpoint = RandomCheckpoint.model(given.shape.configuration(vocabulary: 304), seed: 3)
        return try LanguageModel(
            checkpoint, on: CUDABackend(CUDADevices.host.device(megabytes: 128), precision: given.precision))
    }

    @Test("any budget, order, sharing or company gives the same bits", arguments: cases, InvarianceTests.reductions)
    func bits(given: Case, reduction: Reduction) throws {
        let model = try Self.model(given)
        let whole = try Scorer(model: model, reduction: reduction).score(Self.requests)
        #expect(whole.allSatisfy { answer in answer.scores.allSatisfy { $0.loglikelihood.isFinite } })
        let small = ScoringBudget(rows: 45, states: 2)
        #expect(try Scorer(model: model, reduction: reduction, budget: small).score(Self.requests) == whole)
        let apart = try Scorer(model: model, reduction: reduction, sharing: .off)
        #expect(try apart.score(Self.requests.reversed()).reversed() == whole)
        let alone = try Scorer(model: model, reduction: reduction).score([Self.requests[2]])
        #expect(alone == [whole[2]])
    }

    @Test("a generated token's probability is what scoring the text gives", arguments: cases)
    func generated(given: Case) throws {
        let model = try Self.model(given)
        let prompts = Self.requests.prefix(3).map {
            GenerationRequest(id: $0.id, tokens: $0.context, maxNewTokens: 5)
        }
        let generated = try GenerationTests.generate(prompts, by: Generator(model: model, reduction: .none))
        let scored = try Scorer(model: model, reduction: .none).score(
            zip(prompts, generated).map {
                ScoringRequest(id: $0.id, context: $0.tokens, continuations: [$1.tokens])
            })
        for (generated, scored) in zip(generated, scored) {
            #expect(generated.logProbabilities == scored.scores.first?.perToken)
            #expect(scored.scores.first?.greedy == true)
        }
    }

    @Test(
        "a sequence's state takes what budgets count for it", arguments: cases + [Case(shape: .tiny2, precision: .fp32)]
    )
    func states(given: Case) throws {
        let model = try Self.model(given)
        let (configuration, device) = (model.configuration, model.backend.device)
        let scan =
            configuration.architecture == .mamba2
            ? CUDABackend.headStateColumns(configuration.headScan, scan: .standard(for: given.precision)) : nil
        let before = device.memory.activations
        let state = model.initialState(sequences: 3)
        let taken = device.memory.activations - before
        let counted = 3 * ScoringBudget.bytesPerState(configuration, scan: scan)
        // Pieces begin at multiples of 256 bytes.
        #expect(taken >= counted && taken - counted <= 2 * 256 * configuration.layerCount)
        if let scan { #expect((scan > configuration.headScan.stateSize) == (given.precision != .fp32)) }
        withExtendedLifetime(state) {}
    }

    @Test("halves lie near float32, a half nearer than a bfloat16", arguments: InvarianceTests.reductions.prefix(1))
    func near(reduction: Reduction) throws {
        let exact = try Scorer(
            model: Self.model(Case(shape: .tiny2, precision: .fp32)), reduction: reduction
        ).score(Self.requests)
        let distances = try [Precision.bf16, .fp16].map { precision in
            let scores = try Scorer(model: Self.model(Case(shape: .tiny2, precision: precision)), reduction: reduction)
                .score(Self.requests)
            return zip(scores, exact).flatMap { zip($0.scores, $1.scores) }
                .map { abs($0.loglikelihood - $1.loglikelihood) }.max() ?? .nan
        }
        #expect(distances[1] > 0 && distances[1] < distances[0] / 2 && distances[0] < 0.3, "\(distances)")
    }
}
