import Operations

/// Float32 rows in 64-byte aligned memory; a value, copied when written to while shared.
///
/// Rows start on cache lines. Where a row is long, it spans an odd number of lines, so that the rows of a tile do not
/// fall on the same sets of the first-level cache; the lines' padding is never read.
public struct CPUMatrix: BackendMatrix, Sendable {
    public let rows: Int
    public let columns: Int
    /// Floats from one row to the next.
    let stride: Int
    private var buffer: Buffer
    private let pool: BufferPool

    /// A matrix whose values are undefined.
    ///
    /// - Parameter tight: whether rows follow each other without padding.
    init(rows: Int, columns: Int, tight: Bool = false, pool: BufferPool) {
        precondition(rows >= 0 && columns >= 0, "a matrix [\(rows), \(columns)]")
        self.rows = rows
        self.columns = columns
        self.pool = pool
        stride = tight ? columns : Self.stride(of: columns)
        buffer = Buffer(count: rows * stride, pool: pool)
    }

    /// The first value of row `row`; valid while the matrix is kept alive.
    func row(_ row: Int) -> UnsafeMutablePointer<Float> { buffer.floats + row * stride }

    /// Makes this the only holder of its memory, so that it may be written to.
    mutating func makeUnique() {
        if isKnownUniquelyReferenced(&buffer) { return }
        let copy = Buffer(count: rows * stride, pool: pool)
        for row in 0..<rows { (copy.floats + row * stride).update(from: self.row(row), count: columns) }
        buffer = copy
    }

    static func stride(of columns: Int) -> Int {
        let lines = (columns + 15) / 16
        return (lines >= 32 && lines.isMultiple(of: 2) ? lines + 1 : lines) * 16
    }
}

/// A float32 parameter vector.
public struct CPUVector: Sendable {
    /// The number of values.
    public let count: Int
    private let buffer: Buffer

    init(_ values: [Float], countedBy pool: BufferPool) throws {
        guard let buffer = Buffer(parameters: values.count, countedBy: pool) else {
            throw CPUMemoryError(bytes: values.count * 4, what: "a vector of \(values.count) parameters")
        }
        self.buffer = buffer
        count = values.count
        values.withUnsafeBufferPointer { source in
            guard let base = source.baseAddress else { return }
            buffer.floats.update(from: base, count: source.count)
        }
    }

    /// The first value; valid while the vector is kept alive.
    var values: UnsafeMutablePointer<Float> { buffer.floats }
}

/// The machine has no memory for a model's parameters.
public struct CPUMemoryError: Error, CustomStringConvertible {
    let bytes: Int
    let what: String

    public var description: String {
        "no memory for \(what) (\(bytes) bytes); use a smaller model or a machine with more memory"
    }
}
