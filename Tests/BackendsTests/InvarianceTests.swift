import Backends
import Operations
import Testing

@Suite("A row's bits depend on nothing but the row")
struct InvarianceTests {
    @Test("every instruction set and number of threads gives the same bits", arguments: Engine.exact)
    func engines(engine: Engine) throws {
        let backend = engine.backend
        for operation in Cases.all {
            let expected = try operation.run(on: CPUBackend())
            for (actual, expected) in zip(try operation.run(on: backend), expected) {
                #expect(actual.hasSameBits(as: expected), "\(operation): \(actual.name)")
            }
        }
    }

    @Test("a product's row is the same alone and in batches of any height", arguments: Engine.exact)
    func batches(engine: Engine) throws {
        let backend = engine.backend
        let (inputs, outputs, rows) = (1100, 70, 40)
        var numbers = Numbers(seed: 31)
        let values = numbers.floats(rows * inputs)
        let weight = try backend.weight(numbers.floats(outputs * inputs), outputs, inputs)
        let x = backend.matrix(values, rows: rows, columns: inputs)
        let whole = try backend.values(of: backend.project(x, columns: 0..<inputs, by: weight))
        for height in [1, 2, 3, 5, 6, 7, 12, 13, 24, 25, 39] {
            let first = rows - height
            let part = backend.gather(Array(first..<rows), from: x)
            let y = try backend.values(of: backend.project(part, columns: 0..<inputs, by: weight))
            #expect(y.elementsEqual(whole[(first * outputs)...]), "\(height) rows")
        }
    }

    @Test("a score is the same alone, in a batch and in a permuted batch", arguments: Engine.exact)
    func scores(engine: Engine) throws {
        let backend = engine.backend
        let (rows, dimension, vocabulary) = (110, 40, 1300)
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

    @Test("a prefix and its continuation equal the whole", arguments: Engine.exact)
    func continuation(engine: Engine) throws {
        let backend = engine.backend
        let cuts: [(Int) -> Int] = [{ $0 / 2 }, { min(1, $0) }, { max(0, $0 - 1) }, { $0 * 2 / 3 }]
        for operation in Cases.scans {
            let whole = try operation.run(on: backend)
            for (index, cut) in cuts.enumerated() {
                for (actual, expected) in zip(try operation.run(on: backend, cut: cut), whole) {
                    #expect(actual.hasSameBits(as: expected), "\(operation): \(actual.name), cut \(index)")
                }
            }
        }
    }

    @Test("a segment is the same alone and packed with others")
    func segments() throws {
        let backend = CPUBackend()
        let (lengths, channels, states) = ([3, 0, 21, 1, 40], 33, 16)
        let whole = Segments(lengths: lengths)
        var numbers = Numbers(seed: 33)
        let x = backend.matrix(
            numbers.floats(whole.rowCount * channels), rows: whole.rowCount, columns: channels)
        let bc = backend.matrix(
            numbers.floats(whole.rowCount * 2 * states), rows: whole.rowCount, columns: 2 * states)
        let a = try backend.vector(numbers.floats(channels * states, in: -4 ... -1))
        let vector = try backend.vector(numbers.floats(channels))
        func scan(_ rows: [Int], _ segments: Segments) throws -> ([Float], [Float]) {
            var state = backend.zeros(rows: segments.count, columns: channels * states)
            let x = backend.gather(rows, from: x)
            let y = backend.selectiveScan(
                x: x, dt: x, dtBias: vector, a: a, bc: backend.gather(rows, from: bc), bColumns: 0..<states,
                cColumns: states..<2 * states, d: vector, state: &state, segments: segments)
            return (try backend.values(of: y), try backend.values(of: state))
        }
        let (y, state) = try scan(Array(0..<whole.rowCount), whole)
        for index in 0..<whole.count {
            let rows = whole[index]
            let alone = try scan(Array(rows), Segments(lengths: [rows.count]))
            #expect(alone.0.elementsEqual(y[rows.lowerBound * channels..<rows.upperBound * channels]))
            #expect(alone.1.elementsEqual(state[index * channels * states..<(index + 1) * channels * states]))
        }
    }
}
