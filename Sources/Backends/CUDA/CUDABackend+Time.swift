import CUDAKernels
import Operations

extension CUDABackend {
    public func convolve(
        _ x: CUDAMatrix, columns: Range<Int>, weight: CUDAVector, bias: CUDAVector, width: Int,
        state: inout CUDAMatrix, segments: Segments
    ) -> CUDAMatrix {
        let channels = columns.count
        precondition(weight.count == channels * width && bias.count == channels, "parameters of \(channels) channels")
        precondition(columns.upperBound <= x.columns, "columns \(columns) of a matrix of \(x.columns)")
        check(state, [segments.count, channels * width], x, segments)
        let out = make(rows: x.rows, columns: channels)
        state.makeUnique()
        withSegments(segments) { segments in
            var convolution = mc_convolution(
                x: x.view, column: Int64(columns.lowerBound), channels: Int64(channels), weight: weight.values,
                bias: bias.values, width: Int32(width), state: state.values, segments: segments, y: out.values)
            functions.convolve(handle, &convolution)
        }
        return out
    }

    public func selectiveScan(
        x: CUDAMatrix, dt: CUDAMatrix, dtBias: CUDAVector, a: CUDAVector, bc: CUDAMatrix, bColumns: Range<Int>,
        cColumns: Range<Int>, d: CUDAVector, state: inout CUDAMatrix, segments: Segments
    ) -> CUDAMatrix {
        let (E, N) = (x.columns, bColumns.count)
        precondition(dt.rows == x.rows && dt.columns == E && bc.rows == x.rows, "inputs of unlike shape")
        precondition(dtBias.count == E && d.count == E && a.count == E * N && cColumns.count == N, "parameters")
        precondition(max(bColumns.upperBound, cColumns.upperBound) <= bc.columns, "columns of B and C")
        check(state, [segments.count, E * N], x, segments)
        let out = make(rows: x.rows, columns: E)
        state.makeUnique()
        withSegments(segments) { segments in
            var scan = mc_selective_scan(
                x: x.view, dt: dt.view, bc: bc.view, b_column: Int64(bColumns.lowerBound),
                c_column: Int64(cColumns.lowerBound), states: Int32(N), dt_bias: dtBias.values, a: a.values,
                d: d.values, state: state.values, segments: segments, y: out.values)
            functions.selective_scan(handle, &scan)
        }
        return out
    }

    public func headScan(
        xbc: CUDAMatrix, projected: CUDAMatrix, dtColumns: Range<Int>, dtBias: CUDAVector,
        dtLimit: ClosedRange<Float>, a: CUDAVector, d: CUDAVector, shape: HeadScanShape, state: inout CUDAMatrix,
        segments: Segments
    ) -> CUDAMatrix {
        let (H, P, G, N) = (shape.heads, shape.headDimension, shape.groups, shape.stateDimension)
        precondition(xbc.columns == H * P + 2 * G * N && projected.rows == xbc.rows, "inputs of unlike shape")
        precondition([dtColumns.count, dtBias.count, a.count, d.count] == [H, H, H, H], "parameters of \(H) heads")
        precondition(dtColumns.upperBound <= projected.columns, "columns of dt")
        check(state, [segments.count, headStateColumns(shape)], xbc, segments)
        let out = make(rows: xbc.rows, columns: H * P)
        state.makeUnique()
        withSegments(segments) { segments in
            var scan = mc_head_scan(
                xbc: xbc.view, projected: projected.view, dt_column: Int64(dtColumns.lowerBound), heads: Int32(H),
                head_dimension: Int32(P), groups: Int32(G), states: Int32(N), dt_low: dtLimit.lowerBound,
                dt_high: dtLimit.upperBound, dt_bias: dtBias.values, a: a.values, d: d.values, state: state.values,
                segments: segments, y: out.values, operands: operands(of: shape))
            functions.head_scan(handle, &scan)
        }
        return out
    }

    public func headStateColumns(_ shape: HeadScanShape) -> Int { Self.headStateColumns(shape, scan: scan) }

    /// The values of a sequence's state: between two chunks' ends also the rows since the last; see `mc_head_scan`.
    public static func headStateColumns(_ shape: HeadScanShape, scan: Scan) -> Int {
        guard takesChunks(shape, scan) else { return shape.stateSize }
        let row = shape.heads * shape.headDimension + shape.groups * shape.stateDimension + shape.heads
        return shape.stateSize + shape.heads + (Int(mc_chunk_rows) - 1) * row
    }

    private static func takesChunks(_ shape: HeadScanShape, _ scan: Scan) -> Bool {
        scan == .chunks && shape.stateDimension <= Int(mc_chunked_states)
    }

    private func operands(of shape: HeadScanShape) -> mc_element {
        guard Self.takesChunks(shape, scan) else { return mc_float32 }
        return precision == .fp16 ? mc_float16 : mc_bfloat16
    }

    private func check(_ state: CUDAMatrix, _ shape: [Int], _ x: CUDAMatrix, _ segments: Segments) {
        precondition([state.rows, state.columns] == shape, "a state [\(state.rows), \(state.columns)], not \(shape)")
        precondition(segments.rowCount == x.rows, "segments of \(segments.rowCount) rows on \(x.rows) rows")
    }
}
