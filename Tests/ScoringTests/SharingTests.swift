import Backends
import Mamba
import ModelFiles
import Operations
import Scoring
import Testing

/// What sharing must not change: each sequence alone, a pass a prefix and a pass a continuation, or a pass a whole.
@Suite("Shared rows score as rows of their own")
struct SharingTests {
    static let shapes: [PublishedShape] = [.tiny, .tiny2]

    /// Every method and variant under both scopes and alignments, reduced early, late and after every layer.
    static let reductions: [Reduction] = {
        let layers = [[0], [1, 2], [2], [0, 1, 2, 3]]
        let rest = [
            #""scope":"context""#, #""scope":"sequence","align":"tail""#, #""scope":"sequence","align":"position""#,
        ]
        let methods = Reduction.Method.allCases.filter { $0 != .none }.flatMap { method in
            method.variants.map { #""method":"\#(method.rawValue)","variant":"\#($0.rawValue)""# }
        }
        let reduced = methods.flatMap { method in
            zip(layers, layers.indices).flatMap { layers, index in
                let amount = index.isMultiple(of: 2) ? #""keep_ratio":0.7"# : #""flops":0.15"#
                return rest.map { #"{\#(method),"layers":\#(layers),\#(amount),\#($0)}"# }
            }
        }
        return ([#"{"method":"none"}"#] + reduced).compactMap { try? Reduction(json: .init($0.utf8)) }
    }()

    @Test("all methods are among what is tested")
    func complete() {
        let variants = Reduction.Method.allCases.filter { $0 != .none }.reduce(0) { $0 + $1.variants.count }
        #expect(Self.reductions.count == 1 + 12 * variants)
    }

    static func model<B: Backend>(_ shape: PublishedShape, on backend: B) throws -> LanguageModel<B> {
        try LanguageModel(RandomCheckpoint.model(shape.configuration(vocabulary: 304), seed: 3), on: backend)
    }

    /// A continuation's ratings by the plainest use of the model.
    static func alone<B: Backend>(
        _ model: LanguageModel<B>, _ context: [Int32], _ continuation: [Int32], _ reduction: Reduction
    ) throws -> (perToken: [Double], positions: [Int]) {
        let input = Array((context + continuation).dropLast())
        var state = model.initialState(sequences: 1)
        guard reduction.method != .none, reduction.scope == .sequence else {
            let prefix = Array(context.dropLast())
            let reduced = try model.forward(
                prefix, segments: Segments(lengths: [prefix.count]), state: &state, reduction: reduction)
            let hidden = try model.forward(
                Array(input.dropFirst(prefix.count)), segments: Segments(lengths: [continuation.count]), state: &state)
            let scores = try model.score(hidden, rows: Array(continuation.indices), targets: continuation)
            return (scores.map(\.logProbability), reduced.positions[0])
        }
        let hidden = try model.forward(
            input, segments: Segments(lengths: [input.count]), state: &state, reduction: reduction)
        let positions = hidden.positions[0]
        let pairs: [(Int, Int32)] =
            switch reduction.align {
            case .tail:
                zip(positions.indices.suffix(continuation.count), continuation).map { ($0, $1) }
            case .position:
                positions.enumerated().filter { $0.element >= context.count - 1 }.map {
                    ($0.offset, continuation[$0.element - context.count + 1])
                }
            }
        let scores = try model.score(hidden, rows: pairs.map(\.0), targets: pairs.map(\.1))
        return (scores.map(\.logProbability), positions)
    }

    private func expectAlone<B: Backend>(
        _ shape: PublishedShape, _ reduction: Reduction, on backend: B, documents: Int
    ) throws {
        let model = try Self.model(shape, on: backend)
        let requests = Documents.all(documents)
        let answers = try Scorer(model: model, reduction: reduction).score(requests)
        for (request, answer) in zip(requests, answers) {
            for (continuation, score) in zip(request.continuations, answer.scores) {
                let (perToken, positions) = try Self.alone(model, request.context, continuation, reduction)
                #expect(score.perToken == perToken)
                #expect(score.positions == positions)
                #expect(score.inputTokens == request.context.count + continuation.count - 1)
            }
        }
    }

    @Test("as each sequence by itself, on the CPU", arguments: shapes, reductions)
    func cpu(shape: PublishedShape, reduction: Reduction) throws {
        try expectAlone(shape, reduction, on: CPUBackend(), documents: 2)
    }

    /// For what is slow: every method, scope and alignment, but one list of layers.
    static let plainReductions = reductions.filter { $0.layers == nil || $0.layers == [1, 2] }

    @Test("as each sequence by itself, by the definition", arguments: shapes, plainReductions)
    func reference(shape: PublishedShape, reduction: Reduction) throws {
        try expectAlone(shape, reduction, on: ReferenceBackend(), documents: 1)
    }

    @Test("on or off, within any budget, every field is the same", arguments: shapes, plainReductions)
    func budgets(shape: PublishedShape, reduction: Reduction) throws {
        let model = try Self.model(shape, on: CPUBackend())
        let requests = Documents.all(2)
        let apart = try Scorer(model: model, reduction: reduction, sharing: .off).score(requests)
        let budgets = [
            ScoringBudget(rows: 1, states: 1), ScoringBudget(rows: 60, states: 3, segments: 2, keptRows: 30),
            ScoringBudget(rows: 7, states: 40, keptRows: 500), ScoringBudget(rows: 4096, states: 4096),
        ]
        for (budget, isReversed) in zip(budgets, [false, true, false, true]) {
            let ordered = isReversed ? requests.reversed() : requests
            let shared = try Scorer(model: model, reduction: reduction, budget: budget).score(ordered)
            #expect(shared.sorted { $0.id < $1.id } == apart.sorted { $0.id < $1.id })
        }
    }

    @Test("the number of completed requests only rises", arguments: reductions)
    func progress(reduction: Reduction) throws {
        let model = try Self.model(.tiny, on: CPUBackend())
        let budget = ScoringBudget(rows: 60, states: 20)
        var seen: [Int] = []
        let requests = Documents.all(4)
        _ = try Scorer(model: model, reduction: reduction, budget: budget).score(requests) { completed in
            seen.append(completed)
            return true
        }
        #expect(seen == seen.sorted())
        #expect(Set(seen).count > 8)
    }
}

@Suite("What is held at a time")
struct BudgetTests {
    static let shapes: [PublishedShape] = PublishedShape.allCases

    @Test("a worker on a CPU keeps to its weights and a quarter", arguments: shapes, [2, 4])
    func quarter(shape: PublishedShape, valueBytes: Int) {
        let weights = shape.configuration().parameterCount * valueBytes
        let bytes = ScoringBudget.bytes(besideWeights: weights)
        #expect((8 << 20...ScoringBudget.defaultBytes).contains(bytes))
        if weights > 258_000_000 { #expect(bytes + 56 << 20 <= weights / 4 || bytes == 8 << 20) }
    }

    @Test("what a pass holds stays within the bytes, or is a tree that costs less than a state", arguments: shapes)
    func pass(shape: PublishedShape) {
        let model = shape.configuration()
        for bytes in [8 << 20, 100 << 20, 1 << 30] {
            let budget = ScoringBudget(bytes: bytes, for: model, keeping: false)
            let layer = ScoringBudget.bytesPerState(model) / model.layerCount
            #expect(budget.segments == 1 || budget.segments * layer <= bytes)
            #expect(budget.rows <= 1024)
            #expect(ScoringBudget(bytes: bytes, for: model).segments <= max(1, budget.segments))
        }
    }
}

@Suite("The work that sharing leaves")
struct WorkTests {
    /// Rows of all layers and of the head, in four layers.
    private func work(_ text: String, _ requests: [ScoringRequest]) throws -> [Int] {
        var work = ScoringWork(
            PublishedShape.tiny.configuration(vocabulary: 304), try Reduction(json: .init(text.utf8)))
        try work.add(requests)
        return [work.layerRows, work.headRows]
    }

    /// Contexts of 20 tokens.
    private let context = (0..<20).map { Int32($0) }

    @Test("choices share the context, its last row's head, and tokens that they begin with")
    func choices() throws {
        let apart = ScoringRequest(id: "", context: context, continuations: [[1, 2], [3, 4, 5], [6]])
        // The context, whose last row rates three tokens, then the rows of 1 and of 3 and 4, which rate one each.
        #expect(try work(#"{"method":"none"}"#, [apart]) == [4 * (20 + 1 + 2), 1 + 1 + 2])
        let alike: [[Int32]] = [[1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 8, 9]]
        let shared = alike.map { ScoringRequest(id: "", context: context, continuations: [$0]) }
        #expect(try work(#"{"method":"none"}"#, shared) == [4 * (25 + 1 + 1), 6 + 1 + 1])
    }

    @Test("a few tokens are not worth parting for")
    func few() throws {
        let requests = [[2, 3], [4, 5]].map {
            ScoringRequest(id: "", context: Array(context.prefix(6)) + $0, continuations: [[1, 2]])
        }
        #expect(try work(#"{"method":"none"}"#, requests) == [4 * (2 * 9), 4])
    }

    @Test("a reduced context runs once; its choices follow it unreduced")
    func reducedContext() throws {
        let request = ScoringRequest(id: "", context: context, continuations: [[1, 2], [3, 4, 5], [6]])
        let text = #"{"method":"evit","keep_ratio":0.5,"layers":[1],"scope":"context"}"#
        #expect(try work(text, [request]) == [2 * 20 + 2 * (10 + 1) + 4 * (1 + 2), 1 + 1 + 2])
    }

    @Test("in sequence scope only the layers up to the first reduced one are shared")
    func reducedSequences() throws {
        let request = ScoringRequest(id: "", context: context, continuations: [[1, 2], [3, 4, 5]])
        let text = #"{"method":"evit","keep_ratio":0.5,"layers":[1],"scope":"sequence"}"#
        #expect(try work(text, [request]) == [2 * (20 + 1 + 2) + 2 * (11 + 11), 2 + 3])
    }

    @Test("contexts share what they begin with until they are reduced")
    func blanks() throws {
        let requests = [[30, 31], [32, 33]].map {
            ScoringRequest(id: "", context: context + $0, continuations: [[1, 2, 3]])
        }
        let none = try work(#"{"method":"none"}"#, requests)
        #expect(none == [4 * (20 + 2 * 4), 6])
        let text = #"{"method":"evit","keep_ratio":0.5,"layers":[1],"scope":"context"}"#
        #expect(try work(text, requests) == [2 * (20 + 2 * 4) + 2 * 2 * (11 + 3), 6])
    }
}
