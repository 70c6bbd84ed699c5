import Backends
import Benchmarks
import Dispatch
import Foundation
import Mamba
import ModelFiles
import Operations
import Scoring
import Synchronization
import TestSupport
import Testing
import Tokenizer

/// The benchmarks' own rows by a trained model, in single ways, and by a tiny one, in all ways together;
/// `MOLT_INVARIANCE_DOCUMENTS=2000` makes it the measurement at length.
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
        /// Models at a time, each with its share of the documents.
        var workers = 1
        var sharing = PrefixSharing.on
        var isShuffled = false
        var instructionSet: InstructionSet?
        var budget: ScoringBudget?

        var description: String {
            "\(documents) documents, \(threads) threads, \(workers) workers, sharing \(sharing), "
                + "shuffled \(isShuffled), "
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
        var order = Array(documents.indices)
        if way.isShuffled {
            var numbers = Documents.Numbers(seed: 9)
            for last in order.indices.reversed() { order.swapAt(last, numbers.next(below: last + 1)) }
        }
        let shares = (0..<way.workers).map { worker in
            order.enumerated().filter { $0.offset % way.workers == worker }.map(\.element)
        }
        let answers = Mutex([[ScoringAnswer]](repeating: [], count: documents.count))
        let failures = Mutex<[any Error]>([])
        DispatchQueue.concurrentPerform(iterations: way.workers) { worker in
            do {
                try score(shares[worker], of: documents, way, reduction, checkpoint, precision) { document, scored in
                    answers.withLock { $0[document] = scored }
                }
            } catch {
                failures.withLock { $0.append(error) }
            }
        }
        if let failure = failures.withLock({ $0.first }) { throw failure }
        return answers.withLock { $0 }
    }

    /// One worker's share of the documents, with a model of its own.
    private static func score(
        _ share: [Int], of documents: [[ScoringRequest]], _ way: Way, _ reduction: Reduction,
        _ checkpoint: Checkpoint, _ precision: Precision, enter: (Int, [ScoringAnswer]) -> Void
    ) throws {
        let backend = CPUBackend(
            threads: way.threads, precision: precision, instructionSet: way.instructionSet)
        let scorer = try Scorer(
            model: LanguageModel(checkpoint, on: backend), reduction: reduction, budget: way.budget,
            sharing: way.sharing)
        let size = max(1, min(way.documents, share.count))
        for first in stride(from: 0, to: share.count, by: size) {
            let part = share[first..<min(share.count, first + size)]
            var scored = try scorer.score(part.flatMap { documents[$0] })[...]
            for document in part {
                enter(document, Array(scored.prefix(documents[document].count)))
                scored = scored.dropFirst(documents[document].count)
            }
        }
    }

    /// Every batch with every number of threads and of workers, in order and shuffled, shared and not.
    static let combinations: [Way] = [1, 7, 64, Int.max].flatMap { documents in
        [1, 2].flatMap { threads in
            [1, 2, 3].flatMap { workers in
                [false, true].flatMap { isShuffled in
                    [PrefixSharing.on, .off].map { sharing in
                        Way(
                            documents: documents, threads: threads, workers: workers, sharing: sharing,
                            isShuffled: isShuffled)
                    }
                }
            }
        }
    }

    @Test("in any batch together with any number of threads and workers, in any order, shared or not")
    func combined() throws {
        let checkpoint = try Checkpoint.open(Shared.url("fixtures/lm_eval/model"))
        let documents = try Self.documents()
        let expected = try Self.score(documents, Way(), .none, checkpoint, .fp32)
        #expect(expected.map(\.count) == documents.map(\.count))
        for way in Self.combinations {
            let scores = try Self.score(documents, way, .none, checkpoint, .fp32)
            let different = zip(scores, expected).filter { $0 != $1 }.map { $0.1.first?.id ?? "" }
            #expect(different.isEmpty, "\(way)")
        }
    }

    @Test("in any batch, order, number of threads and instruction set", arguments: CPUBackend.precisions, reductions)
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
