import Backends
import Hashing
import Mamba
import Operations
import TestSupport
import Testing

/// `unit/reduction.json`
private struct UnitCase: Decodable, GoldenDecision {
    struct Information: Decodable {
        let importance: [Double]?
        let setA: [Int]?
        let connections: [Connected]?
    }
    let name: String
    let method: String
    let y: [[Float]]
    let keepRatio: Double
    let metric: String
    let qHidden: Double
    let qResidual: Double
    let kept: [Int]
    let hiddenGroups: [String: [Int]]
    let residualGroups: [String: [Int]]
    let info: Information
    let branch: [[Float]]
    let hiddenOut: [[Float]]
    let residualOut: [[Float]]

    var importance: [Double]? { info.importance }
    var connections: [Connected]? { info.connections }
    var setA: [Int]? { info.setA }
}

@Suite("Methods on one sequence")
struct MethodTests {
    @Test(
        "every unit case keeps, merges and averages the golden rows",
        .enabled(if: Shared.isAvailable, Shared.explanation), arguments: Golden.methods, Engine.allCases)
    func unitCases(method: Reduction.Method, engine: Engine) throws {
        func check<B: Backend>(_ backend: B) throws {
            let all: [UnitCase] = try Golden.read("unit/reduction.json")
            let cases = all.filter { $0.method == method.rawValue }
            #expect(cases.count == 56)
            for item in cases {
                let reduction = try Reduction(
                    method: method, amount: .keepRatio(item.keepRatio),
                    importance: try #require(Importance(rawValue: item.metric)), hiddenPrune: item.qHidden,
                    residualPrune: item.qResidual)
                let decision = try decide(item.y, reduction, on: backend)
                let place = Comment(rawValue: item.name)
                expectEqual(decision, item, within: 1e-5, place)
                #expect(method.rule().keptCount(of: item.y.count, keepRatio: item.keepRatio) == item.kept.count, place)
                let branch = matrix(item.branch, on: backend)
                let hidden = try backend.values(of: backend.reduce(branch, by: decision.hidden))
                #expect(distance(hidden, item.hiddenOut.flatMap { $0 }) < 1e-5, place)
                let residual = try backend.values(of: backend.reduce(branch, by: decision.residual))
                #expect(distance(residual, item.residualOut.flatMap { $0 }) < 1e-5, place)
            }
        }
        try check(engine.backend)
    }

    @Test(
        "a method leaves as many rows as it counts on, the same ones in both branches", arguments: Definition.all)
    func counts(definition: Definition) throws {
        var random = SplitMix64(state: 7)
        for count in 1...33 {
            let y = (0..<count).map { _ in (0..<6).map { _ in Float.random(in: -1...1, using: &random) } }
            for ratio in [1e-9, 0.25, 1.0 / 3, 0.5, 0.7, 0.95, 1] {
                let reduction = try definition.reduction(.keepRatio(ratio))
                let decision = try decide(y, reduction, on: ReferenceBackend())
                let place: Comment = "\(count) rows, ratio \(ratio)"
                let kept = decision.hidden.kept
                #expect(kept.count == reduction.rule.keptCount(of: count, keepRatio: ratio), place)
                #expect(decision.residual.kept == kept, place)
                for merge in decision.hidden.merges + decision.residual.merges {
                    #expect(kept.contains(merge.destination), place)
                    #expect(!merge.sources.contains(where: kept.contains), place)
                }
            }
        }
    }

    @Test(
        "of rows equally important, the lower go first",
        arguments: [(Reduction.Method.utrc, [2, 3, 5, 6]), (.evit, [6]), (.ltmp, [3, 6])], Engine.allCases)
    func importanceTies(expected: (method: Reduction.Method, kept: [Int]), engine: Engine) throws {
        let y = [2, 1, 2, 2, 1, 2, 2].map { [Float($0), 0] }
        let reduction = try Reduction(method: expected.method, amount: .keepRatio(0.1))
        #expect(try decide(y, reduction, on: engine.backend).hidden.kept == expected.kept)
    }

    @Test(
        "equal similarity takes the destination that is listed first, then the lower source", arguments: Engine.allCases
    )
    func similarityTies(engine: Engine) throws {
        func check<B: Backend>(_ backend: B) throws {
            let y: [[Float]] = [[1, 0], [6, 8], [1, 0], [-1, 0], [3, 4], [2, 0]]
            let rows = SequenceRows(
                features: matrix(y, on: backend), range: 0..<6, tokens: [], afterLayer: 0, on: backend)
            let matching = try rows.match([1, 3, 4, 5], to: [2, 0])
            #expect(matching.connections.map(\.source) == [1, 3, 4, 5])
            #expect(matching.connections.map(\.destination) == [2, 2, 2, 2])
            #expect(matching.mostSimilar(4).map(\.source) == [5, 1, 4, 3])
            #expect(matching.mostSimilar(2).map(\.source) == [5, 1])
            #expect(try rows.match([3], to: []).connections.isEmpty)
        }
        try check(engine.backend)
    }

    @Test(
        "utrc prunes the most similar of a branch and merges the others",
        arguments: zip([0, 0.4, 0.5, 1], [[0, 2, 4], [0, 4], [4], []]))
    func pruneShare(share: Double, merged: [Int]) throws {
        let y: [[Float]] = [[1, 0.5], [-9, 40], [1, 0], [8, 0], [0.5, 0.5], [-40, 9]]
        let reduction = try Reduction(method: .utrc, amount: .keepRatio(0.5), hiddenPrune: share)
        let decision = try decide(y, reduction, on: ReferenceBackend())
        #expect(decision.matching?.mostSimilar(3).map(\.source) == [2, 0, 4])
        #expect(decision.hidden.kept == [1, 3, 5])
        #expect(decision.hidden.merges == (merged.isEmpty ? [] : [.init(destination: 3, sources: merged)]))
        #expect(decision.residual.merges == [.init(destination: 3, sources: [0, 2, 4])])
    }
}
