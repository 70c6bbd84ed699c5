import Mamba
import Operations
import Testing

/// A decision as the golden files record it; what a method does not go by is nil.
protocol GoldenDecision {
    var kept: [Int] { get }
    var hiddenGroups: [String: [Int]] { get }
    var residualGroups: [String: [Int]] { get }
    var importance: [Double]? { get }
    var connections: [Connected]? { get }
    var setA: [Int]? { get }
}

/// `[source, destination, similarity]`
struct Connected: Decodable {
    let source: Int
    let destination: Int
    let similarity: Double

    init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        source = try list.decode(Int.self)
        destination = try list.decode(Int.self)
        similarity = try list.decode(Double.self)
    }
}

/// Rows and groups exactly, importance and similarities within a tolerance, and connections in an order that fits them.
func expectEqual(
    _ decision: ReductionDecision, _ golden: some GoldenDecision, within tolerance: Double, _ place: Comment
) {
    #expect(decision.hidden.kept == golden.kept, place)
    #expect(decision.residual.kept == golden.kept, place)
    #expect(groups(decision.hidden) == golden.hiddenGroups, place)
    #expect(groups(decision.residual) == golden.residualGroups, place)
    #expect(decision.setA == golden.setA, place)
    #expect((decision.importance == nil) == (golden.importance == nil), place)
    #expect(distance(decision.importance ?? [], (golden.importance ?? []).map(Float.init)) < tolerance, place)
    #expect((decision.matching == nil) == (golden.connections == nil), place)
    let connections = decision.matching.map { $0.mostSimilar($0.connections.count) }
    expectEqual(connections ?? [], golden.connections ?? [], within: tolerance, place)
}

private func groups(_ rows: RowReduction) -> [String: [Int]] {
    Dictionary(uniqueKeysWithValues: rows.merges.map { ("\($0.destination)", $0.sources) })
}

private func expectEqual(
    _ connections: [Connection], _ golden: [Connected], within tolerance: Double, _ place: Comment
) {
    #expect(connections.count == golden.count, place)
    #expect(zip(connections, connections.dropFirst()).allSatisfy { $0.similarity >= $1.similarity }, place)
    for (connection, expected) in zip(
        connections.sorted { $0.source < $1.source }, golden.sorted { $0.source < $1.source })
    {
        #expect(connection.source == expected.source, place)
        #expect(connection.destination == expected.destination, place)
        #expect(abs(Double(connection.similarity) - expected.similarity) < tolerance, place)
    }
}
