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
        try RowPromises.batches(
            engine.backend, inputs: 1100, outputs: 70, rows: 40, heights: [1, 2, 3, 5, 6, 7, 12, 13, 24, 25, 39])
    }

    @Test("a score is the same alone, in a batch and in a permuted batch", arguments: Engine.exact)
    func scores(engine: Engine) throws {
        try RowPromises.scores(engine.backend, rows: 110, dimension: 40, vocabulary: 1300)
    }

    @Test("a prefix and its continuation equal the whole", arguments: Engine.exact)
    func continuation(engine: Engine) throws {
        try RowPromises.continuation(engine.backend)
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
