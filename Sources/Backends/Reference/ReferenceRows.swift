import Operations

extension ReferenceBackend {
    public func embed(_ tokens: [Int32], table: Matrix) -> Matrix {
        gather(tokens.map(Int.init), from: table)
    }

    public func gather(_ indices: [Int], from matrix: Matrix) -> Matrix {
        Matrix(indices.flatMap { matrix[row: $0] }, rows: indices.count, columns: matrix.columns)
    }

    public func stack(_ pieces: [MatrixPiece<Matrix>]) -> Matrix {
        let columns = pieces.first?.matrix.columns ?? 0
        precondition(pieces.allSatisfy { $0.matrix.columns == columns }, "pieces of unlike width")
        let rows = pieces.flatMap { piece in piece.rows.flatMap { piece.matrix[row: $0] } }
        return Matrix(rows, rows: pieces.reduce(0) { $0 + $1.rows.count }, columns: columns)
    }

    public func reduce(_ matrix: Matrix, by reduction: RowReduction) -> Matrix {
        let merges = Dictionary(uniqueKeysWithValues: reduction.merges.map { ($0.destination, $0) })
        let rows = reduction.kept.flatMap { row in
            merges[row].map { average($0, of: matrix) } ?? Array(matrix[row: row])
        }
        return Matrix(rows, rows: reduction.kept.count, columns: matrix.columns)
    }

    /// The mean of a destination's row and what it takes of its sources.
    private func average(_ merge: RowReduction.Merge, of matrix: Matrix) -> [Float] {
        (0..<matrix.columns).map { column in
            func value(_ row: Int) -> Double { Double(matrix.values[row * matrix.columns + column]) }
            var taken = merge.sources.map(value)
            if case .largest(let count) = merge.taking { taken = Array(taken.sorted(by: >).prefix(count)) }
            return Float(taken.reduce(value(merge.destination), +) / Double(1 + taken.count))
        }
    }

    public func add(_ addend: Matrix, into sum: inout Matrix) {
        precondition(addend.rows == sum.rows && addend.columns == sum.columns, "matrices of unlike shape")
        for index in addend.values.indices { sum.values[index] += addend.values[index] }
    }

    public func normalize(_ x: Matrix, weight: [Float], epsilon: Float) -> Matrix {
        precondition(x.columns == weight.count, "a norm of \(weight.count) weights on \(x.columns) columns")
        let rows = (0..<x.rows).flatMap { rootMeanSquareNorm(x[row: $0].map(Double.init), weight[...], epsilon) }
        return Matrix(rows, rows: x.rows, columns: x.columns)
    }

    public func project(_ x: Matrix, columns: Range<Int>, by weight: Matrix) -> Matrix {
        precondition(columns.count == weight.columns, "\(weight.columns) inputs for \(columns.count) columns")
        precondition(columns.upperBound <= x.columns, "columns \(columns) of a matrix of \(x.columns)")
        let rounded = precision == .bf16 ? x.values.map(\.roundedToBFloat16) : x.values
        let values = [Float](unsafeUninitializedCapacity: x.rows * weight.rows) { output, count in
            rounded.withUnsafeBufferPointer { inputs in
                weight.values.withUnsafeBufferPointer { weights in
                    for row in 0..<x.rows {
                        let left = UnsafeBufferPointer(
                            rebasing: inputs[(row * x.columns + columns.lowerBound)...].prefix(columns.count))
                        for unit in 0..<weight.rows {
                            let right = UnsafeBufferPointer(
                                rebasing: weights[(unit * weight.columns)...].prefix(weight.columns))
                            output[row * weight.rows + unit] =
                                switch precision {
                                case .fp32: Float(dot(left, right))
                                case .bf16: pairedDot(left, right)
                                case .fp16: halfDot(left, right)
                                }
                        }
                    }
                }
            }
            count = x.rows * weight.rows
        }
        return Matrix(values, rows: x.rows, columns: weight.rows)
    }
}
