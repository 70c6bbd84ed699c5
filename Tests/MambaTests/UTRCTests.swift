import Backends
import Foundation
import Mamba
import Operations
import TestSupport
import Testing

/// `unit/reduction.json`
private struct UnitCase: Decodable {
    struct Information: Decodable {
        let importance: [Double]
        let setA: [Int]
        let connections: [Connected]
    }
    let name: String
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

    /// Only the cases of one method; the others record other things.
    static func all(method: String) throws -> [UnitCase] {
        struct Named: Decodable { let method: String }
        struct Either: Decodable {
            let method: String
            let value: UnitCase?
            init(from decoder: any Decoder) throws {
                method = try Named(from: decoder).method
                value = method == "utrc" ? try UnitCase(from: decoder) : nil
            }
        }
        let cases: [Either] = try Golden.read("unit/reduction.json")
        return cases.compactMap(\.value)
    }
}

@Suite("UTRC")
struct UTRCTests {
    @Test(
        "every unit case keeps, merges and averages the golden rows",
        .enabled(if: Shared.isAvailable, Shared.explanation), arguments: Engine.allCases)
    func unitCases(engine: Engine) throws {
        func check<B: Backend>(_ backend: B) throws {
            let cases = try UnitCase.all(method: "utrc")
            #expect(cases.count == 56)
            for item in cases {
                let decision = try decide(item, on: backend)
                let place = Comment(rawValue: item.name)
                #expect(decision.hidden.kept == item.kept, place)
                #expect(groups(decision.hidden) == item.hiddenGroups, place)
                #expect(groups(decision.residual) == item.residualGroups, place)
                #expect(decision.setA == item.info.setA, place)
                #expect(distance(decision.importance ?? [], item.info.importance.map(Float.init)) < 1e-5, place)
                expectEqual(decision.connections ?? [], item.info.connections, place)
                let branch = backend.matrix(
                    item.branch.flatMap { $0 }, rows: item.branch.count, columns: item.branch[0].count)
                let hidden = try backend.values(of: backend.reduce(branch, by: decision.hidden))
                #expect(distance(hidden, item.hiddenOut.flatMap { $0 }) < 1e-5, place)
                let residual = try backend.values(of: backend.reduce(branch, by: decision.residual))
                #expect(distance(residual, item.residualOut.flatMap { $0 }) < 1e-5, place)
            }
        }
        try check(engine.backend)
    }

    private func decide<B: Backend>(_ item: UnitCase, on backend: B) throws -> ReductionDecision {
        let y = backend.matrix(item.y.flatMap { $0 }, rows: item.y.count, columns: item.y[0].count)
        let reduction = try Reduction(
            method: .utrc, amount: .keepRatio(item.keepRatio),
            importance: try #require(Importance(rawValue: item.metric)), hiddenPrune: item.qHidden,
            residualPrune: item.qResidual)
        let rows = SequenceRows(features: y, range: 0..<item.y.count, tokens: [], on: backend)
        return try UTRC().decide(rows, keepRatio: item.keepRatio, reduction: reduction)
    }

    @Test("equal importance goes to the lower row first")
    func importanceTies() {
        let (a, b) = UTRC.classify([0.5, 0.25, 0.5, 0.5, 0.25])
        #expect(a == [1, 4])
        #expect(b == [0, 2, 3])
        #expect(UTRC.classify([1, 1, 1, 1]).a == [0, 1])
        #expect(UTRC.classify([7]).a.isEmpty)
    }

    @Test("equal similarity goes to the lower source first")
    func similarityTies() {
        let connections = [(4, 0.5), (2, 0.5), (9, 0.75), (0, -1)].map {
            Connection(source: $0.0, destination: 1, similarity: $0.1)
        }
        #expect(UTRC.ordered(connections).map(\.source) == [9, 2, 4, 0])
    }

    @Test(
        "a branch prunes the most similar and merges the others", arguments: zip([0, 0.5, 1], [[0, 2, 4], [4], []]))
    func pruneShare(share: Double, merged: [Int]) {
        let used = [2, 0, 4].map { Connection(source: $0, destination: 3, similarity: 1) }
        let rows = UTRC.branch(rows: 6, used: used[...], pruneShare: share)
        #expect(rows.kept == [1, 3, 5])
        #expect(rows.merges == (merged.isEmpty ? [] : [RowReduction.Merge(destination: 3, sources: merged)]))
    }
}
