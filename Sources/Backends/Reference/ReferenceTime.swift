import Foundation
import Operations

extension ReferenceBackend {
    public func convolve(
        _ x: Matrix, columns: Range<Int>, weight: [Float], bias: [Float], width: Int, state: inout Matrix,
        segments: Segments
    ) -> Matrix {
        let channels = columns.count
        precondition(weight.count == channels * width && bias.count == channels, "parameters of \(channels) channels")
        check(state, [segments.count, channels * width], x, segments)
        var output = zeros(rows: x.rows, columns: channels)
        for segment in 0..<segments.count {
            inherit(&state, segment, segments)
            for channel in 0..<channels {
                let first = segment * state.columns + channel * width
                var window = Array(state.values[first..<first + width])
                for row in segments[segment] {
                    window.removeFirst()
                    window.append(x.values[row * x.columns + columns.lowerBound + channel])
                    var sum = Double(bias[channel])
                    for k in 0..<width { sum += Double(weight[channel * width + k]) * Double(window[k]) }
                    output.values[row * channels + channel] = Float(silu(sum))
                }
                state.values.replaceSubrange(first..<first + width, with: window)
            }
        }
        return output
    }

    public func selectiveScan(
        x: Matrix, dt: Matrix, dtBias: [Float], a: [Float], bc: Matrix, bColumns: Range<Int>, cColumns: Range<Int>,
        d: [Float], state: inout Matrix, segments: Segments
    ) -> Matrix {
        let (E, N) = (x.columns, bColumns.count)
        precondition(dt.rows == x.rows && dt.columns == E && bc.rows == x.rows, "inputs of unlike shape")
        precondition(dtBias.count == E && d.count == E && a.count == E * N && cColumns.count == N, "parameters")
        check(state, [segments.count, E * N], x, segments)
        var y = zeros(rows: x.rows, columns: E)
        for segment in 0..<segments.count {
            inherit(&state, segment, segments)
            for e in 0..<E {
                var h = state.values[(segment * E + e) * N..<(segment * E + e + 1) * N].map { $0 }  // [N]
                for row in segments[segment] {
                    let input = Double(x.values[row * E + e])
                    let delta = softplus(Double(dt.values[row * E + e]) + Double(dtBias[e]))
                    var sum = Double(d[e]) * input
                    for n in 0..<N {
                        let b = Double(bc.values[row * bc.columns + bColumns.lowerBound + n])
                        let c = Double(bc.values[row * bc.columns + cColumns.lowerBound + n])
                        h[n] = Float(exp(delta * Double(a[e * N + n])) * Double(h[n]) + delta * b * input)
                        sum += c * Double(h[n])
                    }
                    y.values[row * E + e] = Float(sum)
                }
                state.values.replaceSubrange((segment * E + e) * N..<(segment * E + e + 1) * N, with: h)
            }
        }
        return y
    }

    public func headScan(
        xbc: Matrix, projected: Matrix, dtColumns: Range<Int>, dtBias: [Float], dtLimit: ClosedRange<Float>,
        a: [Float], d: [Float], shape: HeadScanShape, state: inout Matrix, segments: Segments
    ) -> Matrix {
        let (H, P, G, N) = (shape.heads, shape.headDimension, shape.groups, shape.stateDimension)
        let (E, BC) = (H * P, 2 * G * N)
        precondition(xbc.columns == E + BC && projected.rows == xbc.rows, "inputs of unlike shape")
        precondition([dtColumns.count, dtBias.count, a.count, d.count] == [H, H, H, H], "parameters of \(H) heads")
        check(state, [segments.count, E * N], xbc, segments)
        var y = zeros(rows: xbc.rows, columns: E)
        for segment in 0..<segments.count {
            inherit(&state, segment, segments)
            for e in 0..<E {
                let head = e / P
                let group = head * G / H
                var h = state.values[(segment * E + e) * N..<(segment * E + e + 1) * N].map { $0 }  // [N]
                for row in segments[segment] {
                    let input = Double(xbc.values[row * xbc.columns + e])
                    let dt = Double(projected.values[row * projected.columns + dtColumns.lowerBound + head])
                    let delta = min(
                        max(softplus(dt + Double(dtBias[head])), Double(dtLimit.lowerBound)),
                        Double(dtLimit.upperBound))
                    let decay = exp(delta * Double(a[head]))
                    let firstB = row * xbc.columns + E + group * N
                    let firstC = firstB + G * N
                    var sum = Double(d[head]) * input
                    for n in 0..<N {
                        h[n] = Float(decay * Double(h[n]) + delta * Double(xbc.values[firstB + n]) * input)
                        sum += Double(xbc.values[firstC + n]) * Double(h[n])
                    }
                    y.values[row * E + e] = Float(sum)
                }
                state.values.replaceSubrange((segment * E + e) * N..<(segment * E + e + 1) * N, with: h)
            }
        }
        return y
    }

    /// Begins a segment in its parent's last state.
    private func inherit(_ state: inout Matrix, _ segment: Int, _ segments: Segments) {
        guard segments.isForking, segments.parents[segment] >= 0 else { return }
        let (parent, width) = (segments.parents[segment], state.columns)
        state.values.replaceSubrange(
            segment * width..<(segment + 1) * width, with: Array(state.values[parent * width..<(parent + 1) * width]))
    }

    private func check(_ state: Matrix, _ shape: [Int], _ x: Matrix, _ segments: Segments) {
        precondition([state.rows, state.columns] == shape, "a state [\(state.rows), \(state.columns)], not \(shape)")
        precondition(segments.rowCount == x.rows, "segments of \(segments.rowCount) rows on \(x.rows) rows")
    }
}
