import ModelFiles
import Operations

/// Every operation in its plainest form: the definition that the fast backends are tested against.
///
/// Values are float32; each is computed in float64 from float32 operands and rounded once. Recurrent states are rounded
/// after every token, so a prefix and its continuation give the same bits as the whole. In bf16 a product is the chain
/// that `Precision.bf16` defines, bit for bit; in fp16 its sum is in float64.
public struct ReferenceBackend: Backend {
    /// A matrix in an array, row-major.
    public struct Matrix: BackendMatrix, Sendable, Equatable {
        public let rows: Int
        public let columns: Int
        /// [rows, columns]
        public var values: [Float]

        /// A matrix of the given row-major values.
        public init(_ values: [Float], rows: Int, columns: Int) {
            precondition(values.count == rows * columns, "\(values.count) values for a matrix [\(rows), \(columns)]")
            self.rows = rows
            self.columns = columns
            self.values = values
        }

        /// The values of one row.
        public subscript(row row: Int) -> ArraySlice<Float> { values[row * columns..<(row + 1) * columns] }
    }

    /// A projection [outputs, inputs], widened to float32; in bf16 and fp16 rounded first.
    public typealias Weight = Matrix
    public typealias Vector = [Float]

    public let precision: Precision

    public init(precision: Precision = .fp32) { self.precision = precision }

    public var engine: String { precision == .fp32 ? "reference" : "reference-\(precision)" }
    public var arithmetic: String { engine }
    public var deviceProperties: DeviceProperties { Processor.properties(architecture: "") }
    public var forksWithinPasses: Bool { true }

    public func weight(_ tensor: Tensor) throws -> Matrix {
        precondition(tensor.shape.count == 2, "\(tensor.name) has shape \(tensor.shape), not [outputs, inputs]")
        let stored = tensor.floats()
        if precision == .fp16 { try HalfRange.check(tensor) }
        let values =
            switch precision {
            case .fp32: stored
            case .bf16: stored.map(\.roundedToBFloat16)
            case .fp16: stored.map(\.roundedToHalf)
            }
        return Matrix(values, rows: tensor.shape[0], columns: tensor.shape[1])
    }

    public func vector(_ values: [Float]) throws -> [Float] { values }

    public func zeros(rows: Int, columns: Int) -> Matrix {
        Matrix([Float](repeating: 0, count: rows * columns), rows: rows, columns: columns)
    }

    public func matrix(_ values: [Float], rows: Int, columns: Int) -> Matrix {
        Matrix(values, rows: rows, columns: columns)
    }

    public func values(of matrix: Matrix) throws -> [Float] { matrix.values }
}
