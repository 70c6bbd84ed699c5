import Backends
import Operations
import Testing

@Suite("The CPU equals the definition")
struct ConformanceTests {
    @Test("every operation stays within its tolerance of the reference", arguments: Engine.allCases)
    func conforms(engine: Engine) throws {
        let backend = engine.backend
        for operation in Cases.all {
            let expected = try operation.run(on: ReferenceBackend())
            let actual = try operation.run(on: backend)
            #expect(actual.map(\.name) == expected.map(\.name))
            for (actual, expected) in zip(actual, expected) {
                let difference = actual.difference(from: expected, operation.tolerance)
                #expect(difference == nil, "\(operation)")
            }
        }
    }

    @Test("duplicate and zero rows match the lowest destination")
    func ties() throws {
        for columns in [1, 5, 16, 100] {
            var numbers = Numbers(seed: 21)
            let row = numbers.floats(columns, in: 0.5...1)
            let zero = [Float](repeating: 0, count: columns)
            let values = [row, row, zero, row, zero].flatMap { $0 }
            let engines: [any Backend] = [ReferenceBackend()] + Engine.allCases.map(\.backend)
            for backend in engines {
                let matches = try Self.matches(values, columns, on: backend)
                #expect(matches.map(\.destination) == [1, 0], "\(backend.engine), \(columns) columns")
                #expect(abs(matches[0].similarity - 1) < 1e-6 && matches[1].similarity == 0)
            }
        }
    }

    private static func matches<B: Backend>(_ values: [Float], _ columns: Int, on backend: B) throws -> [Match] {
        let features = backend.matrix(values, rows: 5, columns: columns)
        return try backend.bestMatches(of: features, sources: [0, 4], destinations: [2, 1, 3], rectified: false)
    }

    @Test("equal logits leave the greedy choice to the lowest token, with no margin")
    func greedyTies() throws {
        let engines: [any Backend] = [ReferenceBackend()] + Engine.allCases.map(\.backend)
        for backend in engines {
            let scores = try Self.tiedScores(on: backend, vocabulary: 1100, largest: [40, 700])
            #expect(scores.map(\.isGreedy) == [true, false, false], "\(backend.engine)")
            #expect(scores.allSatisfy { $0.margin == 0 })
            #expect(try Self.tiedChoices(on: backend, vocabulary: 1100, largest: [40, 700]) == [40])
        }
    }

    private static func tiedScores<B: Backend>(
        on backend: B, vocabulary: Int, largest: [Int]
    ) throws -> [TokenScore] {
        var head = [Float](repeating: 0.25, count: vocabulary)
        for token in largest { head[token] = 0.5 }
        let hidden = backend.matrix([2, 2, 2], rows: 3, columns: 1)
        return try backend.score(hidden, head: backend.weight(head, vocabulary, 1), targets: [40, 700, 3])
    }

    private static func tiedChoices<B: Backend>(
        on backend: B, vocabulary: Int, largest: [Int]
    ) throws -> [Int32] {
        var head = [Float](repeating: 0.25, count: vocabulary)
        for token in largest { head[token] = 0.5 }
        let hidden = backend.matrix([2], rows: 1, columns: 1)
        return try backend.choose(hidden, head: backend.weight(head, vocabulary, 1)).map(\.token)
    }

    @Test("a state that was copied before an operation keeps its values")
    func values() throws {
        let backend = CPUBackend()
        let before = backend.zeros(rows: 1, columns: 8)
        var after = before
        let x = backend.matrix([1, 2, 3, 4], rows: 2, columns: 2)
        let parameters = try backend.vector([Float](repeating: 1, count: 8))
        _ = backend.convolve(
            x, columns: 0..<2, weight: parameters, bias: try backend.vector([0, 0]), width: 4, state: &after,
            segments: Segments(lengths: [2]))
        #expect(try backend.values(of: before) == [Float](repeating: 0, count: 8))
        #expect(try backend.values(of: after) == [0, 0, 1, 3, 0, 0, 2, 4])
    }
}
