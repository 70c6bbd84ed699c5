import CKernels
import Operations

extension CPUBackend {
    public func importance(of features: CPUMatrix, rows: Range<Int>, metric: Importance) throws -> [Float] {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= features.rows, "rows \(rows) of \(features.rows)")
        return [Float](unsafeUninitializedCapacity: rows.count) { target, count in
            count = rows.count
            guard let target = target.baseAddress else { return }
            withExtendedLifetime(features) {
                split(rows.count, work: rows.count * features.columns) { part in
                    kernels.importance(
                        features.row(rows.lowerBound + part.lowerBound), features.stride, part.count,
                        features.columns, metric.kernelName, target + part.lowerBound)
                }
            }
        }
    }

    /// Source rows whose similarities to all destinations are taken together.
    private static let matchRows = 96

    public func bestMatches(
        of features: CPUMatrix, sources: [Int], destinations: [Int], rectified: Bool
    ) throws -> [Match] {
        precondition(sources.isEmpty || !destinations.isEmpty, "sources without a destination")
        guard !sources.isEmpty else { return [] }
        let columns = features.columns
        var folds = [ck_fold](repeating: ck_fold(), count: sources.count)
        let candidates = withScratch(destinations.count * columns) { rows in
            unitRows(of: features, destinations, rectified: rectified, into: rows, stride: columns)
            return CPUWeight(rows: rows, outputs: destinations.count, inputs: columns, backend: self)
        }
        let units = make(rows: sources.count, columns: columns)
        withExtendedLifetime((candidates, units)) {
            unitRows(of: features, sources, rectified: rectified, into: units.row(0), stride: units.stride)
            folds.withUnsafeMutableBufferPointer { folds in
                guard let folds = folds.baseAddress else { return }
                let blocks = (sources.count + Self.matchRows - 1) / Self.matchRows
                split(blocks, work: sources.count * destinations.count * columns) { range in
                    for block in range {
                        let first = block * Self.matchRows
                        let rows = first..<min(sources.count, first + Self.matchRows)
                        match(units, rows, candidates, into: folds + first)
                    }
                }
            }
        }
        return folds.map { Match(destination: Int($0.argmax), similarity: $0.maximum) }
    }

    private func match(
        _ units: CPUMatrix, _ rows: Range<Int>, _ candidates: CPUWeight, into folds: UnsafeMutablePointer<ck_fold>
    ) {
        let stride = CPUMatrix.stride(of: candidates.outputs)
        withScratch(rows.count * stride) { tile in
            var product = ck_product(
                x: units.row(rows.lowerBound), x_stride: units.stride, panels: candidates.values,
                inputs: candidates.inputs, outputs: candidates.outputs, y: tile, y_stride: stride,
                following: 0)
            kernels.product(&product, 0, rows.count, 0, candidates.panelCount)
            kernels.fold(tile, stride, rows.count, candidates.outputs, 0, folds, 1)
        }
    }

    /// The rows at `indices`, rectified if so asked, each divided by its norm.
    private func unitRows(
        of features: CPUMatrix, _ indices: [Int], rectified: Bool, into target: UnsafeMutablePointer<Float>, stride: Int
    ) {
        precondition(indices.allSatisfy { $0 >= 0 && $0 < features.rows }, "rows of a matrix of \(features.rows)")
        withExtendedLifetime(features) {
            split(indices.count, work: indices.count * features.columns) { range in
                for i in range {
                    kernels.unit(features.row(indices[i]), features.columns, rectified ? 1 : 0, target + i * stride)
                }
            }
        }
    }
}

extension Importance {
    fileprivate var kernelName: ck_metric {
        switch self {
        case .clip: ck_clip
        case .noclip: ck_noclip
        case .l1: ck_l1
        case .l2: ck_l2
        }
    }
}
