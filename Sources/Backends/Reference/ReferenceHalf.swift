import Operations

extension Float {
    /// The nearest half, ties to even.
    var roundedToHalf: Float { Float(Float16(self)) }
}

/// The product of a row and weights of half precision: the row within its range, rounded, and the sum brought back.
func halfDot(_ row: UnsafeBufferPointer<Float>, _ weights: UnsafeBufferPointer<Float>) -> Float {
    let scale = HalfRange.scale(of: row.lazy.map(\.magnitude).max() ?? 0)
    let rounded = row.map { ($0 / scale).roundedToHalf }
    return scale * rounded.withUnsafeBufferPointer { Float(dot($0, weights)) }
}
