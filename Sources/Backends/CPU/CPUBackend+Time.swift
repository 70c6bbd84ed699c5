import CKernels
import Operations

extension CPUBackend {
    public func convolve(
        _ x: CPUMatrix, columns: Range<Int>, weight: CPUVector, bias: CPUVector, width: Int, state: inout CPUMatrix,
        segments: Segments
    ) -> CPUMatrix {
        let channels = columns.count
        precondition(columns.upperBound <= x.columns, "columns \(columns) of a matrix of \(x.columns)")
        precondition(
            width > 0 && weight.count == channels * width && bias.count == channels,
            "parameters of \(channels) channels")
        check(state, columns: channels * width, x, segments)
        state.makeUnique()
        let y = make(rows: x.rows, columns: channels)
        withExtendedLifetime((x, weight, bias, state, y)) { [state] in
            withPointers(segments) { offsets, parents in
                var convolution = ck_convolution(
                    x: x.row(0) + columns.lowerBound, x_stride: x.stride, weight: weight.values, bias: bias.values,
                    channels: channels, width: width, state: state.row(0), state_stride: state.stride, y: y.row(0),
                    y_stride: y.stride, offsets: offsets, parents: parents,
                    segments: segments.count)
                withUnsafePointer(to: &convolution) { convolution in
                    splitChannels(channels, work: x.rows * channels) { range in
                        withScratch(2 * Self.channelLanes * width) {
                            kernels.convolve(convolution, range.lowerBound, range.upperBound, $0)
                        }
                    }
                }
            }
        }
        return y
    }

    public func selectiveScan(
        x: CPUMatrix, dt: CPUMatrix, dtBias: CPUVector, a: CPUVector, bc: CPUMatrix, bColumns: Range<Int>,
        cColumns: Range<Int>, d: CPUVector, state: inout CPUMatrix, segments: Segments
    ) -> CPUMatrix {
        let (channels, states) = (x.columns, bColumns.count)
        precondition(dt.rows == x.rows && dt.columns == channels && bc.rows == x.rows, "inputs of unlike shape")
        precondition(
            cColumns.count == states && bColumns.upperBound <= bc.columns && cColumns.upperBound <= bc.columns,
            "B and C in columns \(bColumns) and \(cColumns) of \(bc.columns)")
        precondition(
            dtBias.count == channels && d.count == channels && a.count == channels * states,
            "parameters of \(channels) channels")
        check(state, columns: channels * states, x, segments)
        state.makeUnique()
        let y = make(rows: x.rows, columns: channels)
        withExtendedLifetime((x, dt, dtBias, a, bc, d, state, y)) { [state] in
            withPointers(segments) { offsets, parents in
                var scan = ck_selective_scan(
                    x: x.row(0), x_stride: x.stride, dt: dt.row(0), dt_stride: dt.stride, dt_bias: dtBias.values,
                    a: a.values, d: d.values, b: bc.row(0) + bColumns.lowerBound, c: bc.row(0) + cColumns.lowerBound,
                    bc_stride: bc.stride, channels: channels, states: states, state: state.row(0),
                    state_stride: state.stride, y: y.row(0), y_stride: y.stride, offsets: offsets, parents: parents,
                    segments: segments.count)
                withUnsafePointer(to: &scan) { scan in
                    splitChannels(channels, work: x.rows * channels * states) { range in
                        withScratch(2 * Self.channelLanes * states) {
                            kernels.selective_scan(scan, range.lowerBound, range.upperBound, $0)
                        }
                    }
                }
            }
        }
        return y
    }

    public func headScan(
        xbc: CPUMatrix, projected: CPUMatrix, dtColumns: Range<Int>, dtBias: CPUVector, dtLimit: ClosedRange<Float>,
        a: CPUVector, d: CPUVector, shape: HeadScanShape, state: inout CPUMatrix, segments: Segments
    ) -> CPUMatrix {
        let (heads, width, states) = (shape.heads, shape.headDimension, shape.stateDimension)
        let channels = heads * width
        precondition(
            xbc.columns == channels + 2 * shape.groups * states && projected.rows == xbc.rows
                && dtColumns.upperBound <= projected.columns, "inputs of unlike shape")
        precondition(
            dtColumns.count == heads && dtBias.count == heads && a.count == heads && d.count == heads,
            "parameters of \(heads) heads")
        check(state, columns: channels * states, xbc, segments)
        state.makeUnique()
        let y = make(rows: xbc.rows, columns: channels)
        withExtendedLifetime((xbc, projected, dtBias, a, d, state, y)) { [state] in
            withPointers(segments) { offsets, parents in
                let b = xbc.row(0) + channels
                var scan = ck_head_scan(
                    x: xbc.row(0), b: b, c: b + shape.groups * states, xbc_stride: xbc.stride,
                    dt: projected.row(0) + dtColumns.lowerBound, dt_stride: projected.stride, dt_bias: dtBias.values,
                    dt_minimum: dtLimit.lowerBound, dt_maximum: dtLimit.upperBound, a: a.values, d: d.values,
                    heads: heads, head_dimension: width, groups: shape.groups, states: states, state: state.row(0),
                    state_stride: state.stride, y: y.row(0), y_stride: y.stride, offsets: offsets, parents: parents,
                    segments: segments.count)
                withUnsafePointer(to: &scan) { scan in
                    split(heads, work: xbc.rows * channels * states) { range in
                        withScratch(ck_head_scan_scratch(states)) {
                            kernels.head_scan(scan, range.lowerBound, range.upperBound, $0)
                        }
                    }
                }
            }
        }
        return y
    }

    /// Runs `body` with the first rows of segments and, where some have parents, with those.
    private func withPointers(
        _ segments: Segments, _ body: (_ offsets: UnsafePointer<Int>, _ parents: UnsafePointer<Int>?) -> Void
    ) {
        segments.offsets.withUnsafeBufferPointer { offsets in
            segments.parents.withUnsafeBufferPointer { parents in
                guard let offsets = offsets.baseAddress else { return }
                body(offsets, segments.isForking ? parents.baseAddress : nil)
            }
        }
    }

    private func check(_ state: CPUMatrix, columns: Int, _ x: CPUMatrix, _ segments: Segments) {
        precondition(
            state.rows == segments.count && state.columns == columns,
            "a state [\(state.rows), \(state.columns)], not [\(segments.count), \(columns)]")
        precondition(segments.rowCount == x.rows, "segments of \(segments.rowCount) rows on \(x.rows) rows")
    }
}
