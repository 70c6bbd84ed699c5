import Operations
import Testing

/// What a backend promises of a row's bits, for the shapes that its own tiles make hard.
enum RowPromises {
    /// A product's row is the same alone and in batches of any height.
    ///
    /// - Parameter name: the backend in what is said of a failure.
    static func batches<B: Backend>(
        _ backend: B, inputs: Int, outputs: Int, rows: Int, heights: [Int], name: String = ""
    ) throws {
        var numbers = Numbers(seed: 31)
        let values = numbers.floats(rows * inputs)
        let weight = try backend.weight(numbers.floats(outputs * inputs), outputs, inputs)
        let x = backend.matrix(values, rows: rows, columns: inputs)
        let whole = try backend.values(of: backend.project(x, columns: 0..<inputs, by: weight))
        for height in heights {
            let first = rows - height
            let part = backend.gather(Array(first..<rows), from: x)
            let y = try backend.values(of: backend.project(part, columns: 0..<inputs, by: weight))
            #expect(y.elementsEqual(whole[(first * outputs)...]), "\(name) \(height) rows")
        }
    }

    /// A score is the same alone, in a batch and in a permuted batch.
    static func scores<B: Backend>(_ backend: B, rows: Int, dimension: Int, vocabulary: Int) throws {
        var numbers = Numbers(seed: 32)
        let hidden = backend.matrix(numbers.floats(rows * dimension), rows: rows, columns: dimension)
        let head = try backend.weight(numbers.floats(vocabulary * dimension), vocabulary, dimension)
        let targets = numbers.integers(rows, below: vocabulary).map(Int32.init)
        let whole = try backend.score(hidden, head: head, targets: targets)
        let order = (0..<rows).map { ($0 * 37 + 5) % rows }
        for indices in [order, [0], [rows - 1], Array(order[..<13])] {
            let picked = backend.gather(indices, from: hidden)
            let scores = try backend.score(picked, head: head, targets: indices.map { targets[$0] })
            #expect(scores == indices.map { whole[$0] })
            // By rows in any order, some of them twice, some not at all.
            let rated = indices + indices.prefix(3)
            let repeated = try backend.score(hidden, head: head, rows: rated, targets: rated.map { targets[$0] })
            #expect(repeated == rated.map { whole[$0] })
        }
    }

    /// A prefix and its continuation equal the whole, in two passes and, where the backend forks within passes, in one.
    static func continuation<B: Backend>(_ backend: B) throws {
        let places: [(Int) -> Int] = [{ $0 / 2 }, { min(1, $0) }, { max(0, $0 - 1) }, { $0 * 2 / 3 }]
        let forked = backend.forksWithinPasses ? places.map { Cut(place: $0, isWithinPass: true) } : []
        let cuts = places.map { Cut(place: $0) } + forked
        for operation in Cases.scans {
            let whole = try operation.run(on: backend)
            for (index, cut) in cuts.enumerated() {
                for (actual, expected) in zip(try operation.run(on: backend, cut: cut), whole) {
                    #expect(actual.hasSameBits(as: expected), "\(operation): \(actual.name), cut \(index)")
                }
            }
        }
    }
}
