import Backends
import Operations
import TestDevices
import Testing

@Suite("Mamba-2's scan in chunks", .enabled(if: !CUDADevices.available.isEmpty, "\(CUDADevices.explanation)"))
struct ChunkedScanTests {
    static let devices = CUDADevices.available
    static let halves: [Precision] = [.bf16, .fp16]
    /// Rows of a chunk.
    static let chunk = 32

    static let shapes = [
        HeadScanShape(heads: 1, headDimension: 1, groups: 1, stateDimension: 1),
        HeadScanShape(heads: 2, headDimension: 3, groups: 1, stateDimension: 5),
        HeadScanShape(heads: 4, headDimension: 8, groups: 2, stateDimension: 16),
        HeadScanShape(heads: 2, headDimension: 20, groups: 1, stateDimension: 33),
        HeadScanShape(heads: 4, headDimension: 64, groups: 1, stateDimension: 128),
        HeadScanShape(heads: 3, headDimension: 70, groups: 3, stateDimension: 20),
    ]
    static let small = shapes[2]

    @Test("lies near the definition, which goes row after row", arguments: devices, halves)
    func conforms(device: CUDADevices, precision: Precision) throws {
        let backend = try CUDABackend.chunked(device, precision)
        for shape in Self.shapes {
            let sequence = ScanSequence(shape, rows: 70)
            let y = try sequence.run(on: backend)
            let expected = try sequence.run(on: ReferenceBackend())
            // An operand keeps 8 bits of bfloat16 and 11 of a half; errors of a sum's terms partly cancel.
            let share: Float = precision == .bf16 ? 0x1p-7 : 0x1p-10
            let largest = expected.lazy.map(\.magnitude).max() ?? 0
            let furthest = zip(y, expected).map { ($0 - $1).magnitude }.max() ?? .nan
            #expect(furthest <= share * largest, "\(shape): \(furthest) of \(largest)")
            #expect(y != expected, "\(shape): nothing was rounded")
        }
    }

    @Test("is off by what halves round; row after row the same engine is exact", arguments: devices, halves)
    func forms(device: CUDADevices, precision: Precision) throws {
        let rows = try CUDABackend.chunked(device, precision, scan: .rows)
        let exact = try CUDABackend(device.device())
        let sequence = ScanSequence(Self.small, rows: 40)
        #expect(try sequence.run(on: rows) == sequence.run(on: exact))
        #expect(rows.headStateColumns(Self.small) == Self.small.stateSize)
        let chunks = try CUDABackend.chunked(device, precision)
        #expect(chunks.headStateColumns(Self.small) > Self.small.stateSize && chunks.engine != rows.engine)
        // More states than a warp has registers for.
        let wide = HeadScanShape(heads: 2, headDimension: 4, groups: 1, stateDimension: 130)
        #expect(chunks.headStateColumns(wide) == wide.stateSize)
        let many = ScanSequence(wide, rows: 3)
        #expect(try many.run(on: chunks) == many.run(on: exact))
    }

    @Test("gives a row the same bits wherever its sequence is cut into passes", arguments: devices, halves)
    func cuts(device: CUDADevices, precision: Precision) throws {
        let backend = try CUDABackend.chunked(device, precision)
        let sequence = ScanSequence(Self.small, rows: 2 * Self.chunk + 9)
        let whole = try sequence.run(on: backend)
        let twice = [[5, 27], [5, 26], [5, 28], [31, 1], [31, 2], [32, 32], [40, 3, 3], [1, 1, 1, 60]]
        let everyRow = [[Int](repeating: 1, count: sequence.rows)]
        for lengths in (1..<sequence.rows).map({ [$0] }) + twice + everyRow {
            #expect(try sequence.run(on: backend, cut: lengths) == whole, "cut after \(lengths)")
        }
        let wide = ScanSequence(Self.shapes[4], rows: 50)
        let expected = try wide.run(on: backend)
        for lengths in [[1], [17], [32], [33, 1]] {
            #expect(try wide.run(on: backend, cut: lengths) == expected, "cut after \(lengths)")
        }
    }

    @Test("gives a row the same bits at every place where others fork off, whatever they are", arguments: devices)
    func forks(device: CUDADevices) throws {
        let backend = try CUDABackend.chunked(device, .bf16)
        let sequence = ScanSequence(Self.small, rows: 2 * Self.chunk + 6)
        let whole = try sequence.run(on: backend)
        let width = whole.count / sequence.rows
        for fork in 0...Self.chunk + 1 {
            var state = sequence.start(on: backend)
            if fork > 0 { _ = try sequence.run(on: backend, [0..<fork], state: &state) }
            // Others, of other rows and lengths, begin in the same state, before and after the one that goes on.
            var forked = backend.gather([0, 0, 0, 0], from: state)
            let others = [40..<45, 0..<0, fork..<sequence.rows, 3..<60]
            let y = try sequence.run(on: backend, others, state: &forked)
            #expect(y[2].elementsEqual(whole[(fork * width)...]), "forked after \(fork)")
            var alone = backend.gather([0], from: state)
            #expect(try sequence.run(on: backend, [3..<60], state: &alone)[0] == y[3], "forked after \(fork)")
            // The empty one has its state still.
            var idle = backend.gather([1], from: forked)
            let later = try sequence.run(on: backend, [fork..<sequence.rows], state: &idle)[0]
            #expect(later == y[2], "forked after \(fork)")
        }
    }

    @Test("does not depend on the order of a block's threads", arguments: halves)
    func order(precision: Precision) throws {
        let backends = try [CUDADevices.host, .hostBackwards].map { try CUDABackend.chunked($0, precision) }
        for shape in Self.shapes.dropFirst(2) {
            let sequence = ScanSequence(shape, rows: 45)
            #expect(try sequence.run(on: backends[0], cut: [38]) == sequence.run(on: backends[1], cut: [38]))
        }
    }

    @Test("leaves the rows before one that is no number as they are", arguments: devices, halves)
    func hostile(device: CUDADevices, precision: Precision) throws {
        let backend = try CUDABackend.chunked(device, precision)
        let sequence = ScanSequence(Self.small, rows: Self.chunk + 8)
        let whole = try sequence.run(on: backend)
        let (columns, width) = (sequence.xbc.count / sequence.rows, whole.count / sequence.rows)
        for value in [Float.nan, .infinity, -.infinity, 3e38] {
            for row in [1, 15, 16, 31, 33] {
                // In x, in B and in C of the first head.
                for column in [0, width, width + 2 * Self.small.stateDimension] {
                    var strange = sequence
                    strange.xbc[row * columns + column] = value
                    let y = try strange.run(on: backend)
                    #expect(y.prefix(row * width).elementsEqual(whole.prefix(row * width)), "\(value) in \(row)")
                }
                var strange = sequence
                strange.xbc[row * columns] = value
                let after = try strange.run(on: backend)[row * width]
                #expect(value.isFinite || !after.isFinite, "\(value) in row \(row) is not forgotten")
                strange = sequence
                strange.dt[row * Self.small.heads] = value
                let y = try strange.run(on: backend)
                #expect(y.prefix(row * width).elementsEqual(whole.prefix(row * width)), "\(value) as Δ of \(row)")
            }
        }
    }

    @Test("keeps small decays apart after a step that forgets everything", arguments: devices, halves)
    func forgetting(device: CUDADevices, precision: Precision) throws {
        let backend = try CUDABackend.chunked(device, precision)
        for step in [Float(300), 1e4] {
            var sequence = ScanSequence(Self.small, rows: Self.chunk + 8)
            for head in 0..<Self.small.heads { sequence.dt[3 * Self.small.heads + head] = step }
            // Nothing of that row's own, which is as large as its step.
            let columns = sequence.xbc.count / sequence.rows
            for column in 0..<columns { sequence.xbc[3 * columns + column] = 0 }
            let y = try sequence.run(on: backend)
            let expected = try sequence.run(on: ReferenceBackend())
            let largest = expected.lazy.map(\.magnitude).max() ?? 0
            let furthest = zip(y, expected).map { ($0 - $1).magnitude }.max() ?? .nan
            #expect(furthest <= 0x1p-6 * largest, "a step of \(step)")
        }
    }
}
