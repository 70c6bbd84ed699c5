import Backends
import Mamba
import Operations

/// A method in one of its variants.
struct Definition: Sendable, CustomStringConvertible {
    let method: Reduction.Method
    let variant: Reduction.Variant

    /// Every method that drops rows, in every variant that there is of it.
    static let all = Reduction.Method.allCases.filter { $0 != .none }.flatMap { method in
        method.variants.map { Definition(method: method, variant: $0) }
    }

    func reduction(_ amount: Reduction.Amount, layers: [Int]? = nil) throws -> Reduction {
        try Reduction(method: method, layers: layers, amount: amount, variant: variant)
    }

    var description: String { "\(method) (\(variant))" }
}

/// Rows of features or of a branch on a device.
func matrix<B: Backend>(_ rows: [[Float]], on backend: B) -> B.Matrix {
    backend.matrix(rows.flatMap { $0 }, rows: rows.count, columns: rows[0].count)
}

/// What a reduction decides on one sequence of features `y`, at its keep ratio.
func decide<B: Backend>(
    _ y: [[Float]], _ reduction: Reduction, tokens: [Int32] = [], afterLayer layer: Int = 0, on backend: B
) throws -> ReductionDecision {
    let rows = SequenceRows(
        features: matrix(y, on: backend), range: 0..<y.count, tokens: tokens[...], afterLayer: layer, on: backend)
    return try reduction.rule.decide(rows, keepRatio: reduction.keepRatio ?? 1, reduction: reduction)
}
