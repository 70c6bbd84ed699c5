import Operations

extension ReferenceBackend {
    public func gate(_ y: Matrix, by gate: Matrix, columns: Range<Int>) -> Matrix {
        let rows = (0..<y.rows).flatMap { gated(y, gate, columns, row: $0).map(Float.init) }
        return Matrix(rows, rows: y.rows, columns: y.columns)
    }

    public func gatedNormalize(
        _ y: Matrix, by gate: Matrix, columns: Range<Int>, weight: [Float], epsilon: Float, groupSize: Int
    ) -> Matrix {
        precondition(weight.count == y.columns && y.columns.isMultiple(of: groupSize), "groups of \(groupSize)")
        let rows = (0..<y.rows).flatMap { row -> [Float] in
            let product = gated(y, gate, columns, row: row)
            return stride(from: 0, to: y.columns, by: groupSize).flatMap { first in
                let group = first..<first + groupSize
                return rootMeanSquareNorm(Array(product[group]), weight[group], epsilon)
            }
        }
        return Matrix(rows, rows: y.rows, columns: y.columns)
    }

    /// y · silu(z) of one row.
    private func gated(_ y: Matrix, _ gate: Matrix, _ columns: Range<Int>, row: Int) -> [Double] {
        precondition(gate.rows == y.rows && columns.count == y.columns, "a gate of unlike shape")
        let first = row * gate.columns
        let z = gate.values[first + columns.lowerBound..<first + columns.upperBound]
        return zip(y[row: row], z).map { Double($0) * silu(Double($1)) }
    }
}
