import Backends
import Cluster
import Dispatch
import Foundation
import Jobs
import Mamba
import ModelFiles
import Operations
import Scoring
import Store
import Synchronization
import Tokenizer
import Wire

/// Computes again, on this machine's processor, what a reduction did to one stored example: the store keeps no traces.
///
/// One at a time, for models up to a limit, and the last answers are kept. The coordinator's loop knows nothing of it.
public final class ExampleTracer: Sendable {
    /// How many questions may wait for the one that is being answered.
    private static let waitingLimit = 4
    /// Answers and tokenizers that are kept.
    private static let keptAnswers = 64
    private static let keptTokenizers = 4

    private let reader: StoreReader
    private let locator: ModelLocator
    /// Bytes that a model's weights may take in float32.
    private let limitBytes: UInt64
    private let queue = DispatchQueue(label: "molt.traces", qos: .utility)
    private let shelf = Mutex(Shelf())

    private struct Shelf {
        var waiting = 0
        var answers: [(question: Question, answer: ReductionTrace)] = []
        var tokenizers: [(sha256: String, tokenizer: BytePairTokenizer?)] = []
        var model: (sha256: String, precision: Precision, model: LanguageModel<CPUBackend>)?
    }

    private struct Question: Equatable {
        let run: RunID
        let cell, example, choice: Int
    }

    /// - Parameter limitBytes: what a model's weights may take in float32; by default an eighth of this machine's memory.
    public init(store: String, locator: ModelLocator = ModelLocator(), limitBytes: UInt64? = nil) throws {
        reader = try StoreReader(store)
        self.locator = locator
        self.limitBytes = limitBytes ?? Machine.memoryBytes / 8
    }

    /// Closes its connection to the store, after the question that is being answered.
    public func close() throws { try queue.sync { try reader.close() } }

    /// What the reduction of a run's cell did to one choice of an example.
    ///
    /// - Throws: ``TraceError``, or why the model cannot be used.
    public func trace(run: RunID, cell: Int, example: Int, choice: Int) async throws -> ReductionTrace {
        let question = Question(run: run, cell: cell, example: example, choice: choice)
        if let answer = shelf.withLock({ $0.answers.first { $0.question == question }?.answer }) { return answer }
        return try await enqueue {
            let answer = try self.compute(question)
            self.shelf.withLock { shelf in
                shelf.answers = [(question, answer)] + shelf.answers.prefix(Self.keptAnswers - 1)
            }
            return answer
        }
    }

    /// How each token is spelled, by the tokenizer that the run's job names; nil where that is not here any more.
    public func texts(run: RunID, tokenizerSHA256: String, tokens: [Int32]) async throws -> [String]? {
        try await enqueue {
            guard let tokenizer = try self.tokenizer(tokenizerSHA256, of: run) else { return nil }
            return tokens.map { tokenizer.decode([$0]) }
        }
    }

    private func enqueue<Answer: Sendable>(_ work: @escaping @Sendable () throws -> Answer) async throws -> Answer {
        let isFree = shelf.withLock { shelf in
            guard shelf.waiting <= Self.waitingLimit else { return false }
            shelf.waiting += 1
            return true
        }
        guard isFree else { throw TraceError.busy }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async {
                let result = Result { try work() }
                self.shelf.withLock { $0.waiting -= 1 }
                continuation.resume(with: result)
            }
        }
    }

    private func compute(_ question: Question) throws -> ReductionTrace {
        let (cell, model, requests) = try reader.read { view in
            let cells = try view.cellHeads(run: question.run)
            guard let cell = cells.first(where: { $0.ordinal == question.cell }),
                let model = try view.models(run: question.run).first(where: { $0.id == cell.model }),
                let document = try view.document(benchmark: cell.benchmarkID, example: question.example)
            else { throw TraceError.unknown(run: question.run, cell: question.cell, example: question.example) }
            return (cell, model, document.requests)
        }
        let choices = requests.groups.flatMap { group in
            group.continuations.map { ScoringRequest(id: "", context: group.context, continuations: [$0.tokens]) }
        }
        guard choices.indices.contains(question.choice) else {
            throw TraceError.noChoice(question.choice, choices: choices.count)
        }
        let reduction = try Reduction(json: Data(cell.reduction.utf8))
        let loaded = try load(model, precision: cell.precision)
        return try Scorer(model: loaded, reduction: reduction).trace(choices[question.choice], continuation: 0)
    }

    /// The model, loaded once; a large one is forgotten by the next.
    private func load(_ model: ManifestModel, precision name: String) throws -> LanguageModel<CPUBackend> {
        guard let precision = Precision(rawValue: name) else { throw EngineError.unknownPrecision(name) }
        if let kept = shelf.withLock({ $0.model }), kept.sha256 == model.sha256, kept.precision == precision {
            return kept.model
        }
        let bytes = UInt64(max(0, model.parameters)) * 4
        guard bytes <= limitBytes else {
            throw TraceError.tooLarge(model: model.id, bytes: bytes, limit: limitBytes)
        }
        shelf.withLock { $0.model = nil }
        let wanted = WireJob.Model.with {
            $0.id = model.id
            $0.sha256 = model.sha256
            $0.path = model.path
        }
        let checkpoint = try locator.checkpoint(of: wanted)
        // What the CPU does not multiply in is traced in fp32.
        let options = EngineOptions(precision: CPUBackend.precisions.contains(precision) ? precision : .fp32)
        let loaded = try LanguageModel(checkpoint, on: options.cpuBackend(for: checkpoint))
        shelf.withLock { $0.model = (model.sha256, precision, loaded) }
        return loaded
    }

    private func tokenizer(_ sha256: String, of run: RunID) throws -> BytePairTokenizer? {
        if let known = shelf.withLock({ $0.tokenizers.first { $0.sha256 == sha256 } }) { return known.tokenizer }
        let job = try reader.read { try $0.job(run: run) }
        let named = try? job.flatMap { try JobFile(canonicalJSON: $0).tokenizer }
        let tokenizer = [named, CachedInputs().tokenizer()].compactMap(\.self).lazy
            .compactMap { try? BytePairTokenizer(contentsOf: $0) }.first { $0.sha256 == sha256 }
        shelf.withLock { shelf in
            shelf.tokenizers = [(sha256, tokenizer)] + shelf.tokenizers.prefix(Self.keptTokenizers - 1)
        }
        return tokenizer
    }
}

/// Why there is no trace of an example.
public enum TraceError: Error, Equatable, CustomStringConvertible {
    case busy
    case unknown(run: RunID, cell: Int, example: Int)
    case noChoice(Int, choices: Int)
    case tooLarge(model: String, bytes: UInt64, limit: UInt64)

    public var description: String {
        switch self {
        case .busy: "other examples are being computed: ask again in a few seconds"
        case .unknown(let run, let cell, let example): "run \(run) has no example \(example) in cell \(cell)"
        case .noChoice(let choice, let choices): "there is no choice \(choice): the example has \(choices), from 0"
        case .tooLarge(let model, let bytes, let limit):
            """
            model \(model) takes \(bytes >> 20) MiB in float32, more than the \(limit >> 20) MiB that the coordinator lends \
            to this view: start it on a machine with more memory, or look at a smaller model
            """
        }
    }
}
