import CUDAKernels
import Operations

extension CUDABackend {
    public func embed(_ tokens: [Int32], table: CUDAWeight) -> CUDAMatrix {
        precondition(tokens.allSatisfy { $0 >= 0 && Int($0) < table.outputs }, "tokens of a table of \(table.outputs)")
        let matrix = make(rows: tokens.count, columns: table.inputs)
        if let y = matrix.values { functions.embed(handle, table.view, tokens, Int64(tokens.count), y) }
        return matrix
    }

    public func gather(_ indices: [Int], from matrix: CUDAMatrix) -> CUDAMatrix {
        precondition(indices.allSatisfy { $0 >= 0 && $0 < matrix.rows }, "rows of a matrix of \(matrix.rows)")
        let picked = make(rows: indices.count, columns: matrix.columns)
        if let y = picked.values {
            functions.gather(handle, matrix.view, indices.map { Int32($0) }, Int64(indices.count), y)
        }
        return picked
    }

    public func stack(_ pieces: [MatrixPiece<CUDAMatrix>]) -> CUDAMatrix {
        let columns = pieces.first?.matrix.columns ?? 0
        precondition(pieces.allSatisfy { $0.matrix.columns == columns }, "pieces of unlike width")
        let rows = pieces.flatMap { piece in
            piece.rows.map { row in piece.matrix.values.map { UnsafePointer($0 + row * columns) } }
        }
        let stacked = make(rows: rows.count, columns: columns)
        if let y = stacked.values { functions.stack(handle, rows, Int64(rows.count), Int64(columns), y) }
        return stacked
    }

    public func reduce(_ matrix: CUDAMatrix, by reduction: RowReduction) -> CUDAMatrix {
        let reduced = make(rows: reduction.kept.count, columns: matrix.columns)
        guard let y = reduced.values else { return reduced }
        let places = Dictionary(
            uniqueKeysWithValues: reduction.merges.enumerated().map { ($0.element.destination, Int32($0.offset)) })
        var first: [Int32] = [0]
        var sources: [Int32] = []
        var taken: [Int32] = []
        for merge in reduction.merges {
            sources += merge.sources.map { Int32($0) }
            first.append(Int32(sources.count))
            switch merge.taking {
            case .all: taken.append(-1)
            case .largest(let count): taken.append(Int32(count))
            }
        }
        let kept = reduction.kept.map { Int32($0) }
        let merge = reduction.kept.map { places[$0] ?? -1 }
        kept.withUnsafeBufferPointer { kept in
            merge.withUnsafeBufferPointer { merge in
                first.withUnsafeBufferPointer { first in
                    taken.withUnsafeBufferPointer { taken in
                        sources.withUnsafeBufferPointer { sources in
                            // An empty array may have no address; nothing is then read from it.
                            guard let none = first.baseAddress else { return }
                            var all = mc_reduction(
                                host_kept: kept.baseAddress ?? none, kept_count: Int64(kept.count),
                                host_merge: merge.baseAddress ?? none, host_first: none,
                                host_taken: taken.baseAddress ?? none, merge_count: Int64(taken.count),
                                host_sources: sources.baseAddress ?? none)
                            functions.reduce(handle, matrix.view, &all, y)
                        }
                    }
                }
            }
        }
        return reduced
    }

    public func add(_ addend: CUDAMatrix, into sum: inout CUDAMatrix) {
        precondition(addend.rows == sum.rows && addend.columns == sum.columns, "matrices of unlike shape")
        sum.makeUnique()
        if let y = sum.values { functions.add(handle, addend.view, y) }
    }

    public func normalize(_ x: CUDAMatrix, weight: CUDAVector, epsilon: Float) -> CUDAMatrix {
        precondition(x.columns == weight.count, "a norm of \(weight.count) weights on \(x.columns) columns")
        let out = make(rows: x.rows, columns: x.columns)
        if let y = out.values, let weight = weight.values { functions.normalize(handle, x.view, weight, epsilon, y) }
        return out
    }

    public func project(_ x: CUDAMatrix, columns: Range<Int>, by weight: CUDAWeight) -> CUDAMatrix {
        precondition(columns.count == weight.inputs, "\(weight.inputs) inputs for \(columns.count) columns")
        precondition(columns.upperBound <= x.columns, "columns \(columns) of a matrix of \(x.columns)")
        let unit = Int(mc_library_rows)
        let capacity = gemm == .library ? (x.rows + unit - 1) / unit * unit : x.rows
        let out = CUDAMatrix(rows: x.rows, columns: weight.outputs, capacity: capacity, on: device)
        if let y = out.values {
            functions.product(handle, libraryGEMM, x.view, Int64(columns.lowerBound), weight.view, y)
        }
        return out
    }

    public func gate(_ y: CUDAMatrix, by gate: CUDAMatrix, columns: Range<Int>) -> CUDAMatrix {
        precondition(gate.rows == y.rows && columns.count == y.columns, "a gate of unlike shape")
        let out = make(rows: y.rows, columns: y.columns)
        if let values = out.values {
            functions.gate(handle, y.view, gate.view, Int64(columns.lowerBound), values)
        }
        return out
    }

    public func gatedNormalize(
        _ y: CUDAMatrix, by gate: CUDAMatrix, columns: Range<Int>, weight: CUDAVector, epsilon: Float, groupSize: Int
    ) -> CUDAMatrix {
        precondition(gate.rows == y.rows && columns.count == y.columns, "a gate of unlike shape")
        precondition(weight.count == y.columns && y.columns.isMultiple(of: groupSize), "groups of \(groupSize)")
        let out = make(rows: y.rows, columns: y.columns)
        if let values = out.values, let weight = weight.values {
            functions.gated_normalize(
                handle, y.view, gate.view, Int64(columns.lowerBound), weight, epsilon, Int64(groupSize), values)
        }
        return out
    }
}
