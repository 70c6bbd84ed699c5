import Backends
import Benchmarks
import Foundation
import Mamba
import ModelFiles
import Operations
import Scoring
import TestSupport
import Testing
import Tokenizer

/// A trained model on the benchmarks' own rows; `MOLT_INVARIANCE_DOCUMENTS=2000` makes it the measurement at length.
@Suite("Scores of real documents have the same bits", .enabled(if: Shared.isAvailable, Shared.explanation))
struct RealDocumentTests {
    static let reductions: [Reduction] = [
        #"{"method":"none"}"#, #"{"method":"utrc","flops":0.2,"layers":[2,4,6,8],"scope":"context"}"#,
    ].compactMap { try? Reduction(json: .init($0.utf8)) }

    /// One way to compute all scores.
    struct Way: Sendable, CustomStringConvertible {
        /// Documents that are scored together.
        var documents = Int.max
        var threads = 1
        var sharing = PrefixSharing.on
        var isShuffled = false
        var instructionSet: InstructionSet?
        var budget: ScoringBudget?

        var description: String {
            "\(documents) documents, \(threads) threads, sharing \(sharing), shuffled \(isShuffled), "
                + "\(instructionSet.map(\.rawValue) ?? "any")"
        }
    }

    static let ways: [Way] =
        [
            Way(documents: 1), Way(documents: 7), Way(documents: 64), Way(threads: 2), Way(sharing: .off),
            Way(isShuffled: true), Way(documents: 64, isShuffled: true, budget: ScoringBudget(rows: 96, states: 5)),
        ] + InstructionSet.available.filter { $0 != .portable }.map { Way(instructionSet: $0) }

    /// Documents of all benchmarks in turn, as many together as the environment asks for; 12 unless it does.
    static func documents() throws -> [[ScoringRequest]] {
        let environment = ProcessInfo.processInfo.environment["MOLT_INVARIANCE_DOCUMENTS"]
        let count = environment.flatMap { Int($0) } ?? 12
        let tokenizer = try BytePairTokenizer(
            contentsOf: Shared.url("data/gpt_neox_20b_tokenizer/tokenizer.json"))
        let files: [(BenchmarkName, String, String?)] = [
            (.lambadaOpenAI, "lambada_openai/test.jsonl", nil),
            (.hellaswag, "hellaswag_synthetic/validation.jsonl", nil),
            (.piqa, "piqa/valid.jsonl", "piqa/valid-labels.lst"), (.arcEasy, "arc_easy/test.jsonl", nil),
            (.arcChallenge, "arc_challenge/test.jsonl", nil),
            (.winogrande, "winogrande/dev.jsonl", "winogrande/dev-labels.lst"),
        ]
        let share = (count + files.count - 1) / files.count
        return try files.flatMap { name, data, labels in
            try Benchmarks.documents(
                benchmark: name, data: Shared.url("data/" + data),
                labels: labels.map { try Shared.url("data/" + $0) }, limit: share
            ).map { document in
                try document.encodedRequests(with: tokenizer).map {
                    ScoringRequest(
                        id: "\(name) \(document.id)", context: $0.context, continuations: [$0.continuation])
                }
            }
        }
    }

    /// The answers of each document, in the documents' order.
    static func score(
        _ documents: [[ScoringRequest]], _ way: Way, _ reduction: Reduction, _ checkpoint: Checkpoint,
        _ precision: Precision
    ) throws -> [[ScoringAnswer]] {
        let backend = CPUBackend(
            threads: way.threads, precision: precision, instructionSet: way.instructionSet)
        let scorer = try Scorer(
            model: LanguageModel(checkpoint, on: backend), reduction: reduction, budget: way.budget,
            sharing: way.sharing)
        var order = Array(documents.indices)
        if way.isShuffled {
            var numbers = Documents.Numbers(seed: 9)
            for last in order.indices.reversed() { order.swapAt(last, numbers.next(below: last + 1)) }
        }
        var answers = [[ScoringAnswer]](repeating: [], count: documents.count)
        let size = min(way.documents, documents.count)
        for first in stride(from: 0, to: order.count, by: size) {
            let part = order[first..<min(order.count, first + size)]
            var scored = try scorer.score(part.flatMap { documents[$0] })[...]
            for document in part {
                answers[document] = Array(scored.prefix(documents[document].count))
                scored = scored.dropFirst(documents[document].count)
            }
        }
        return answers
    }

    @Test("in any batch, order, number of threads and instruction set", arguments: Precision.allCases, reductions)
    func bits(precision: Precision, reduction: Reduction) throws {
        let checkpoint = try Checkpoint.open(Shared.url("models/novels-mamba2-18m-hf"))
        let documents = try Self.documents()
        let expected = try Self.score(documents, Way(), reduction, checkpoint, precision)
        #expect(expected.map(\.count) == documents.map(\.count))
        for way in Self.ways {
            let scores = try Self.score(documents, way, reduction, checkpoint, precision)
            let different = zip(scores, expected).filter { $0 != $1 }.map { $0.1.first?.id ?? "" }
            #expect(different.isEmpty, "\(way)")
        }
    }
}
