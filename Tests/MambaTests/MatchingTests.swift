import Hashing
import Mamba
import Testing

@Suite("A matching's best connections")
struct MatchingTests {
    @Test(
        "are those that a full sort puts first, whatever ties there are",
        arguments: [0, 1, 2, 3, 5, 8, 33, 100, 1000], [1, 2, 7, 1_000_000])
    func selection(count: Int, values: Int) {
        var random = SplitMix64(state: UInt64(count * 31 + values))
        let connections = (0..<count).map { row in
            Connection(
                source: 2 * row, destination: 1,
                similarity: Float(Int.random(in: 0..<values, using: &random)) / Float(values) - 0.5)
        }
        let sorted = connections.sorted { (-$0.similarity, $0.source) < (-$1.similarity, $1.source) }
        let matching = Matching(connections)
        for first in Set([0, 1, 2, count / 3, count / 2, count - 1, count]).filter({ (0...count).contains($0) }) {
            #expect(matching.mostSimilar(first) == Array(sorted.prefix(first)), "the first \(first)")
        }
    }

    @Test("ascending, descending and equal similarities are selected alike", arguments: [-1, 0, 1])
    func sorted(slope: Int) {
        let matching = Matching(
            (0..<500).map { Connection(source: $0, destination: 0, similarity: Float(slope * $0)) })
        let expected = slope > 0 ? Array((490..<500).reversed()) : Array(0..<10)
        #expect(matching.mostSimilar(10).map(\.source) == expected)
    }

    @Test("zeros of either sign are equal, infinities are the ends, and what is not a number comes last")
    func special() {
        let values: [Float] = [
            -0.0, .nan, 0, -.infinity, 1, .infinity, -.nan, -.leastNonzeroMagnitude, .leastNonzeroMagnitude,
        ]
        let matching = Matching(
            values.enumerated().map { Connection(source: $0.offset, destination: 0, similarity: $0.element) })
        #expect(matching.mostSimilar(9).map(\.source) == [5, 4, 8, 0, 2, 7, 3, 1, 6])
    }
}
