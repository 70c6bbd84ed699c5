import Backends
import Operations
import Testing

@Suite("A row's best match")
struct MatchingTests {
    /// What rows may be like.
    enum Kind: CaseIterable {
        case spread, alike, equal, repeated, tailed, partlyZero, notNumbers, tiny, huge, nearTies
    }

    struct Shape: CustomTestStringConvertible {
        var sources: Int
        var destinations: Int
        var columns: Int

        var testDescription: String { "\(sources) to \(destinations) of \(columns)" }
    }

    static let shapes = [
        Shape(sources: 1, destinations: 1, columns: 1), Shape(sources: 7, destinations: 5, columns: 3),
        Shape(sources: 3, destinations: 96, columns: 17), Shape(sources: 131, destinations: 101, columns: 33),
        Shape(sources: 98, destinations: 97, columns: 250), Shape(sources: 97, destinations: 130, columns: 515),
    ]

    static func rows(_ count: Int, _ columns: Int, _ kind: Kind) -> [Float] {
        var numbers = Numbers(seed: 71)
        let pattern = numbers.floats(columns)
        let few = (0..<7).map { _ in numbers.floats(columns) }
        return (0..<count).flatMap { row -> [Float] in
            let own = numbers.floats(columns)
            switch kind {
            case .spread: return own
            case .alike: return zip(pattern, own).map { $0 + $1 / 50 }
            case .equal: return pattern
            case .repeated: return few[row % few.count]
            case .tailed: return own.enumerated().map { $0.offset % 50 == row % 50 ? 40 * $0.element : $0.element / 9 }
            case .partlyZero: return row % 3 == 0 ? own.map { _ in 0 } : own
            case .notNumbers:
                return row % 5 != 0
                    ? own : own.enumerated().map { $0.offset == row ? .infinity : row == 5 ? .nan : $0.element }
            case .tiny: return own.map { $0 * 0x1p-140 }
            case .huge: return own.map { $0 * 0x1p120 }
            case .nearTies: return zip(few[row % few.count], own).map { $0 + $1 * 0x1p-21 }
            }
        }
    }

    /// By the definition of the product that the kernels keep to, candidate after candidate.
    static func naive(_ y: [Float], _ columns: Int, _ sources: [Int], _ destinations: [Int]) -> [Match] {
        func unit(_ row: Int) -> [Float] {
            let values = y[row * columns..<(row + 1) * columns]
            var lanes = [Double](repeating: 0, count: 16)
            for (column, value) in values.enumerated() { lanes[column % 16] += Double(value) * Double(value) }
            for half in [8, 4, 2, 1] { for lane in 0..<half { lanes[lane] += lanes[lane + half] } }
            let norm = Float(lanes[0].squareRoot())
            return values.map { $0 / (norm < 1e-12 ? 1e-12 : norm) }
        }
        let candidates = destinations.map(unit)
        return sources.map { source in
            let unit = unit(source)
            var best = Match(destination: 0, similarity: -.infinity)
            for (position, candidate) in candidates.enumerated() {
                var similarity: Float = 0
                for (a, b) in zip(unit, candidate) { similarity = similarity.addingProduct(a, b) }
                if similarity > best.similarity { best = Match(destination: position, similarity: similarity) }
            }
            return best
        }
    }

    @Test("is the naive one to the bit, whatever the rows are like", arguments: Engine.exact)
    func exact(engine: Engine) throws {
        let backend = engine.backend
        for shape in Self.shapes {
            for kind in Kind.allCases {
                let count = shape.sources + shape.destinations
                let y = Self.rows(count, shape.columns, kind)
                let order = (0..<count).sorted { ($0 * 7919 % 101, $0) < ($1 * 7919 % 101, $1) }
                let (sources, destinations) = (Array(order[..<shape.sources]), Array(order[shape.sources...]))
                let matrix = backend.matrix(y, rows: count, columns: shape.columns)
                let matches = try backend.bestMatches(
                    of: matrix, sources: sources, destinations: destinations, rectified: false)
                #expect(
                    matches == Self.naive(y, shape.columns, sources, destinations),
                    "\(shape.testDescription), \(kind)")
            }
        }
    }
}
