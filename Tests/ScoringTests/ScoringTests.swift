import Backends
import Foundation
import Mamba
import ModelFiles
import Operations
import Scoring
import TestSupport
import Testing

/// The backends that every suite runs on.
enum Engine: String, CaseIterable, Sendable {
    case reference, cpu

    func scorer(_ checkpoint: URL, _ reduction: Reduction = .none) throws -> any AnyScorer {
        let checkpoint = try Checkpoint.open(checkpoint)
        return switch self {
        case .reference:
            try Scorer(model: LanguageModel(checkpoint, on: ReferenceBackend()), reduction: reduction)
        case .cpu: try Scorer(model: LanguageModel(checkpoint, on: CPUBackend()), reduction: reduction)
        }
    }
}

protocol AnyScorer {
    func score(_ requests: [ScoringRequest], shouldContinue: (Int) -> Bool) throws -> [ScoringAnswer]
}

extension Scorer: AnyScorer {}

extension AnyScorer {
    func score(_ requests: [ScoringRequest]) throws -> [ScoringAnswer] { try score(requests) { _ in true } }
}

@Suite("Golden scores", .enabled(if: Shared.isAvailable, Shared.explanation))
struct GoldenScores {
    static let all = Golden.layouts.flatMap { layout in Engine.allCases.map { (layout, $0) } }

    @Test("log-likelihoods equal the golden ones", arguments: all)
    func plain(layout: Golden.Layout, engine: Engine) throws {
        let cases = try layout.expected.loglikelihood
        let requests = cases.enumerated().map {
            ScoringRequest(id: "\($0.offset)", context: $0.element.context, continuations: [$0.element.continuation])
        }
        let answers = try engine.scorer(layout.checkpoint).score(requests)
        #expect(answers.map(\.id) == requests.map(\.id))
        for (answer, expected) in zip(answers, cases) {
            let score = try #require(answer.scores.first)
            expect(score, Score(expected))
        }
    }

    @Test(
        "context scope: positions exactly, scores within tolerance, all continuations from one prefix", arguments: all)
    func context(layout: Golden.Layout, engine: Engine) throws {
        var checked = 0
        for expected in try layout.context.scoring {
            guard
                let reduction = try Reduction.fixture(
                    expected.method, keepRatio: expected.keepRatio, layers: expected.layers, scope: .context)
            else { continue }
            checked += 1
            let request = ScoringRequest(id: "a", context: expected.context, continuations: expected.continuations)
            let scores = try #require(try engine.scorer(layout.checkpoint, reduction).score([request]).first).scores
            #expect(scores.count == expected.results.count)
            for (score, result) in zip(scores, expected.results) {
                expect(score, result)
                #expect(score.positions == expected.positions)
            }
        }
        #expect(checked >= 15)
    }

    @Test("sequence scope: both alignments", arguments: all)
    func sequence(layout: Golden.Layout, engine: Engine) throws {
        var checked = 0
        for expected in try layout.expected.loglikelihoodReduced {
            for (align, result) in [(Reduction.Alignment.tail, expected.tail), (.position, expected.position)] {
                guard
                    let reduction = try Reduction.fixture(
                        expected.method, keepRatio: expected.keepRatio, layers: expected.layers, scope: .sequence,
                        align: align)
                else { continue }
                checked += 1
                let request = ScoringRequest(
                    id: "a", context: expected.context, continuations: [expected.continuation])
                let answer = try engine.scorer(layout.checkpoint, reduction).score([request]).first
                expect(try #require(answer?.scores.first), result)
            }
        }
        #expect(checked >= 2)
    }

    private func expect(_ score: ContinuationScore, _ expected: Score) {
        #expect(score.perToken.count == expected.perToken.count)
        for (token, golden) in zip(score.perToken, expected.perToken) {
            #expect(abs(token - golden) <= Golden.tolerance)
        }
        #expect(
            abs(score.loglikelihood - expected.loglikelihood) <= Golden.tolerance
                * Double(max(1, expected.perToken.count)))
        #expect(score.greedy == expected.greedy)
    }
}

extension Score {
    init(_ plain: Expected.Plain) {
        self.init(loglikelihood: plain.loglikelihood, greedy: plain.greedy, perToken: plain.perToken)
    }
}
