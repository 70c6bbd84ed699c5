import Operations

extension CPUBackend {
    public func gather(_ indices: [Int], from matrix: CPUMatrix) -> CPUMatrix {
        let picked = make(rows: indices.count, columns: matrix.columns)
        withExtendedLifetime((matrix, picked)) {
            split(indices.count, work: indices.count * matrix.columns) { rows in
                for row in rows {
                    let index = indices[row]
                    precondition(index >= 0 && index < matrix.rows, "row \(index) of a matrix of \(matrix.rows)")
                    picked.row(row).update(from: matrix.row(index), count: matrix.columns)
                }
            }
        }
        return picked
    }

    public func stack(_ pieces: [MatrixPiece<CPUMatrix>]) -> CPUMatrix {
        let columns = pieces.first?.matrix.columns ?? 0
        let stacked = make(rows: pieces.reduce(0) { $0 + $1.rows.count }, columns: columns)
        var row = 0
        withExtendedLifetime((pieces, stacked)) {
            for piece in pieces {
                precondition(piece.matrix.columns == columns, "pieces of unlike width")
                precondition(
                    piece.rows.lowerBound >= 0 && piece.rows.upperBound <= piece.matrix.rows,
                    "rows \(piece.rows) of a matrix of \(piece.matrix.rows)")
                for source in piece.rows {
                    stacked.row(row).update(from: piece.matrix.row(source), count: columns)
                    row += 1
                }
            }
        }
        return stacked
    }

    public func reduce(_ matrix: CPUMatrix, by reduction: RowReduction) -> CPUMatrix {
        let reduced = gather(reduction.kept, from: matrix)
        withExtendedLifetime((matrix, reduced)) {
            var row = 0
            let targets = reduction.merges.map { merge in
                while row < reduction.kept.count, reduction.kept[row] < merge.destination { row += 1 }
                precondition(
                    row < reduction.kept.count && reduction.kept[row] == merge.destination,
                    "row \(merge.destination) is merged into, but not kept")
                return row
            }
            split(targets.count, work: targets.count * matrix.columns) { merges in
                for merge in merges { average(reduction.merges[merge], of: matrix, into: reduced.row(targets[merge])) }
            }
        }
        return reduced
    }

    /// The mean of a destination's row and what it takes of its sources.
    private func average(
        _ merge: RowReduction.Merge, of matrix: CPUMatrix, into target: UnsafeMutablePointer<Float>
    ) {
        let rows = [merge.destination] + merge.sources
        precondition(rows.allSatisfy { $0 >= 0 && $0 < matrix.rows }, "rows of a matrix of \(matrix.rows)")
        switch merge.taking {
        case .all:
            kernels.mean(matrix.row(0), matrix.stride, rows, rows.count, matrix.columns, target)
        case .largest(let count):
            precondition((0..<rows.count).contains(count), "\(count) values of \(merge.sources.count) sources")
            withScratch(merge.sources.count * Self.channelLanes) {
                kernels.mean_of_largest(
                    matrix.row(0), matrix.stride, rows, rows.count, count, matrix.columns, $0, target)
            }
        }
    }

    public func add(_ addend: CPUMatrix, into sum: inout CPUMatrix) {
        precondition(addend.rows == sum.rows && addend.columns == sum.columns, "matrices of unlike shape")
        sum.makeUnique()
        withExtendedLifetime((addend, sum)) { [sum] in
            split(sum.rows, work: sum.rows * sum.columns) { rows in
                let first = rows.lowerBound
                kernels.add(
                    addend.row(first), addend.stride, rows.count, sum.columns, sum.row(first), sum.stride)
            }
        }
    }

    public func normalize(_ x: CPUMatrix, weight: CPUVector, epsilon: Float) -> CPUMatrix {
        precondition(x.columns == weight.count, "a norm of \(weight.count) weights on \(x.columns) columns")
        let y = make(rows: x.rows, columns: x.columns)
        withExtendedLifetime((x, weight, y)) {
            split(x.rows, work: x.rows * x.columns) { rows in
                let first = rows.lowerBound
                kernels.normalize(
                    x.row(first), x.stride, rows.count, x.columns, weight.values, epsilon, y.row(first), y.stride)
            }
        }
        return y
    }

    public func gate(_ y: CPUMatrix, by gate: CPUMatrix, columns: Range<Int>) -> CPUMatrix {
        checkGate(y, gate, columns)
        let out = make(rows: y.rows, columns: y.columns)
        withExtendedLifetime((y, gate, out)) {
            split(y.rows, work: y.rows * y.columns) { rows in
                let first = rows.lowerBound
                kernels.gate(
                    y.row(first), y.stride, gate.row(first) + columns.lowerBound, gate.stride, rows.count, y.columns,
                    out.row(first), out.stride)
            }
        }
        return out
    }

    public func gatedNormalize(
        _ y: CPUMatrix, by gate: CPUMatrix, columns: Range<Int>, weight: CPUVector, epsilon: Float, groupSize: Int
    ) -> CPUMatrix {
        checkGate(y, gate, columns)
        precondition(
            weight.count == y.columns && groupSize > 0 && y.columns.isMultiple(of: groupSize),
            "groups of \(groupSize) in \(y.columns) columns, \(weight.count) weights")
        let out = make(rows: y.rows, columns: y.columns)
        withExtendedLifetime((y, gate, weight, out)) {
            split(y.rows, work: y.rows * y.columns) { rows in
                let first = rows.lowerBound
                kernels.gated_normalize(
                    y.row(first), y.stride, gate.row(first) + columns.lowerBound, gate.stride, rows.count, y.columns,
                    groupSize, weight.values, epsilon, out.row(first), out.stride)
            }
        }
        return out
    }

    private func checkGate(_ y: CPUMatrix, _ gate: CPUMatrix, _ columns: Range<Int>) {
        precondition(
            gate.rows == y.rows && columns.count == y.columns && columns.upperBound <= gate.columns,
            "a gate of columns \(columns) of [\(gate.rows), \(gate.columns)] on [\(y.rows), \(y.columns)]")
    }
}
