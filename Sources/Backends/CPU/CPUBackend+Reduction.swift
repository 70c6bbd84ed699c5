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
