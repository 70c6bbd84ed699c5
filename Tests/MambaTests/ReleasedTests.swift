import Backends
import Mamba
import ModelFiles
import Operations
import TestSupport
import Testing

/// `unit/released.json`: recorded from the paper's published code.
private struct ReleasedCase: Decodable {
    let method: String
    let keepRatio: Double
    let blockOutput: [[Float]]
    let residual: [[Float]]
    /// Not recorded of pumer.
    let kept: [Int]?
    let hiddenOut: [[Float]]
    let residualOut: [[Float]]
}

@Suite("Methods as their published code does them")
struct ReleasedTests {
    @Test(
        "every recorded case gives the recorded rows", .enabled(if: Shared.isAvailable, Shared.explanation),
        arguments: [Reduction.Method.utrc, .evit, .pumer], Engine.allCases)
    func recorded(method: Reduction.Method, engine: Engine) throws {
        func check<B: Backend>(_ backend: B) throws {
            let all: [ReleasedCase] = try Golden.read("unit/released.json")
            let cases = all.filter { $0.method == method.rawValue }
            #expect(cases.count == 28)
            for item in cases {
                let reduction = try Reduction(method: method, amount: .keepRatio(item.keepRatio), variant: .released)
                #expect(reduction.source == .block)
                let decision = try decide(item.blockOutput, reduction, on: backend)
                let place: Comment = "\(item.blockOutput.count) rows, ratio \(item.keepRatio)"
                if let kept = item.kept { #expect(decision.hidden.kept == kept, place) }
                #expect(decision.residual.kept == decision.hidden.kept, place)
                let count = reduction.rule.keptCount(of: item.blockOutput.count, keepRatio: item.keepRatio)
                #expect(decision.hidden.kept.count == count, place)
                let hidden = backend.reduce(matrix(item.blockOutput, on: backend), by: decision.hidden)
                #expect(distance(try backend.values(of: hidden), item.hiddenOut.flatMap { $0 }) < 1e-5, place)
                let residual = backend.reduce(matrix(item.residual, on: backend), by: decision.residual)
                #expect(distance(try backend.values(of: residual), item.residualOut.flatMap { $0 }) < 1e-5, place)
            }
        }
        try check(engine.backend)
    }

    @Test("utrc drops the same places whatever the rows are: a left truncation", arguments: Engine.allCases)
    func truncation(engine: Engine) throws {
        var survivors = Array(0..<100)
        for _ in 0..<7 {
            let y = survivors.map { [Float($0 * 37 % 11), 1] }
            let reduction = try Reduction(method: .utrc, amount: .keepRatio(0.905), variant: .released)
            survivors = try decide(y, reduction, on: engine.backend).hidden.kept.map { survivors[$0] }
        }
        #expect(survivors == [38, 44, 47, 49] + Array(51..<100))
    }

    @Test("evit keeps every row at the threshold, however many there are", arguments: Engine.allCases)
    func ties(engine: Engine) throws {
        let y = [3, 1, 2, 2, 1, 2, 5, 2].map { [Float($0), -7] }
        func kept(_ ratio: Double) throws -> [Int] {
            let reduction = try Reduction(method: .evit, amount: .keepRatio(ratio), variant: .released)
            return try decide(y, reduction, on: engine.backend).hidden.kept
        }
        #expect(try kept(0.125) == [1, 4])
        #expect(try kept(0.25) == [1, 2, 3, 4, 5, 7])
        #expect(try kept(0.625) == [1, 2, 3, 4, 5, 7])
        #expect(try kept(0.75) == [0, 1, 2, 3, 4, 5, 7])
        #expect(try kept(0.875) == Array(0..<8))
        #expect(try kept(1) == Array(0..<8))
    }

    @Test("pumer looks at the positive part, and merges into another's partner", arguments: Engine.allCases)
    func exchanged(engine: Engine) throws {
        // Row 4 is most like row 1, then row 0 most like row 3; row 2 goes last.
        let y: [[Float]] = [[0, 1, -9], [1, 0, 4], [-3, -3, -3], [0, 5, 2], [2, -8, 8]]
        let reduction = try Reduction(method: .pumer, amount: .keepRatio(0.6), variant: .released)
        let decision = try decide(y, reduction, on: engine.backend)
        #expect(decision.matching?.mostSimilar(3).map(\.source) == [4, 0, 2])
        #expect(decision.matching?.mostSimilar(3).map(\.destination) == [1, 3, 1])
        #expect(decision.hidden.kept == [1, 2, 3])
        let merges = [
            RowReduction.Merge(destination: 1, sources: [0]), RowReduction.Merge(destination: 3, sources: [4]),
        ]
        #expect(decision.hidden.merges == merges)
        #expect(decision.residual == decision.hidden)
    }

    @Test(
        "utrc reduces the two branches of packed sequences, each in its own way",
        arguments: ModelConfiguration.Architecture.allCases, Engine.allCases)
    func branches(architecture: ModelConfiguration.Architecture, engine: Engine) throws {
        func check<B: Backend>(_ backend: B) throws {
            // The last layer's output is what a model whose last layer is silent lacks.
            let model = try LanguageModel(Synthetic.checkpoint(architecture), on: backend)
            let silent = try LanguageModel(Synthetic.checkpoint(architecture, silent: 4), on: backend)
            let reduction = try Reduction(
                method: .utrc, layers: [4], amount: .keepRatio(0.6), variant: .released)
            func rows(_ model: LanguageModel<B>, _ reduction: Reduction) throws -> [[Float]] {
                var state = model.initialState(sequences: 2)
                let hidden = try model.forward(
                    Synthetic.tokens(33, seed: 8), segments: Segments(lengths: [13, 20]), state: &state,
                    reduction: reduction)
                let values = try backend.values(of: hidden.residual)
                let width = hidden.residual.columns
                return stride(from: 0, to: values.count, by: width).map { Array(values[$0..<$0 + width]) }
            }
            let (whole, residual) = (try rows(model, .none), try rows(silent, .none))
            let (reduced, reducedResidual) = (try rows(model, reduction), try rows(silent, reduction))
            #expect(reduced.count == 8 + 12)
            // r is 5 and 8: the removed rows are 0, 2, …; the survivors of each sequence begin with its row 1.
            for (first, place, r) in [(0, 0, 5), (13, 8, 8)] {
                let gone = (0..<r).map { first + 2 * $0 }
                for column in 0..<whole[0].count {
                    func hidden(_ row: Int) -> Float { whole[row][column] - residual[row][column] }
                    let largest = gone.map(hidden).sorted(by: >).prefix(r / 2)
                    let expected = largest.reduce(hidden(first + 1), +) / Float(1 + r / 2)
                    let found = reduced[place][column] - reducedResidual[place][column]
                    #expect(abs(found - expected) < 1e-5)
                    let mean = gone.map { residual[$0][column] }.reduce(residual[first + 1][column], +) / Float(1 + r)
                    #expect(abs(reducedResidual[place][column] - mean) < 1e-5)
                }
            }
        }
        try check(engine.backend)
    }
}
