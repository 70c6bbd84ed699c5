import Backends
import Operations
import TestDevices

/// Rows of one sequence for Mamba-2's scan, and what is known of its parameters.
struct ScanSequence {
    let shape: HeadScanShape
    let rows: Int
    var xbc: [Float]
    var dt: [Float]
    let bias, a, d: [Float]
    /// H·P·N values that something was read into before the first row.
    let state: [Float]

    init(_ shape: HeadScanShape, rows: Int, seed: UInt64 = 41) {
        var numbers = Numbers(seed: seed)
        self.shape = shape
        self.rows = rows
        xbc = numbers.floats(rows * (shape.heads * shape.headDimension + 2 * shape.groups * shape.stateDimension))
        dt = numbers.floats(rows * shape.heads, in: -6 ... -2)
        bias = numbers.floats(shape.heads, in: -0.1...0.1)
        a = numbers.floats(shape.heads, in: -16 ... -0.01)
        d = numbers.floats(shape.heads)
        state = numbers.floats(shape.stateSize)
    }

    /// The state before the first row, as the backend keeps it.
    func start<B: Backend>(on backend: B) -> B.Matrix {
        let room = [Float](repeating: 0, count: backend.headStateColumns(shape) - shape.stateSize)
        return backend.matrix(state + room, rows: 1, columns: state.count + room.count)
    }

    /// y of the rows of each segment, which begins in row i of `state`.
    func run<B: Backend>(on backend: B, _ segments: [Range<Int>], state: inout B.Matrix) throws -> [[Float]] {
        let (columns, heads) = (xbc.count / rows, shape.heads)
        let picked = segments.flatMap { Array($0) }
        let y = backend.headScan(
            xbc: backend.gather(picked, from: backend.matrix(xbc, rows: rows, columns: columns)),
            projected: backend.gather(picked, from: backend.matrix(dt, rows: rows, columns: heads)),
            dtColumns: 0..<heads, dtBias: try backend.vector(bias), dtLimit: 0 ... .infinity,
            a: try backend.vector(a), d: try backend.vector(d), shape: shape, state: &state,
            segments: Segments(lengths: segments.map(\.count)))
        let values = try backend.values(of: y)
        var first = 0
        return segments.map { segment in
            defer { first += segment.count * y.columns }
            return Array(values[first..<first + segment.count * y.columns])
        }
    }

    /// y of all rows, cut into passes of the given lengths; the last takes what is left.
    func run<B: Backend>(on backend: B, cut lengths: [Int] = []) throws -> [Float] {
        var state = start(on: backend)
        var (y, first) = ([Float](), 0)
        for length in lengths + [rows] where first < rows {
            let segment = first..<min(rows, first + length)
            y += try run(on: backend, [segment], state: &state)[0]
            first = segment.upperBound
        }
        return y
    }
}

extension CUDABackend {
    /// One whose products, and the operands of its chunks, are halves.
    static func chunked(_ device: CUDADevices, _ precision: Precision, scan: Scan? = nil) throws -> CUDABackend {
        CUDABackend(try device.device(), precision: precision, scan: scan)
    }
}
