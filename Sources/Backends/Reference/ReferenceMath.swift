import Foundation

/// x / (1 + e⁻ˣ)
func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }

/// log(1 + eˣ); x itself above 20.
func softplus(_ x: Double) -> Double { x > 20 ? x : log1p(exp(x)) }

/// x · rsqrt(mean(x²) + ε) · weight
func rootMeanSquareNorm(_ x: [Double], _ weight: ArraySlice<Float>, _ epsilon: Float) -> [Float] {
    let meanSquare = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
    let scale = 1 / (meanSquare + Double(epsilon)).squareRoot()
    return zip(x, weight).map { Float($0 * scale * Double($1)) }
}

/// Σ left·right, in four interleaved sums that the processor can add side by side.
func dot(_ left: UnsafeBufferPointer<Float>, _ right: UnsafeBufferPointer<Float>) -> Double {
    var sums = SIMD4<Double>()
    let whole = left.count & ~3
    for start in stride(from: 0, to: whole, by: 4) {
        for lane in 0..<4 { sums[lane] += Double(left[start + lane]) * Double(right[start + lane]) }
    }
    var sum = sums.sum()
    for index in whole..<left.count { sum += Double(left[index]) * Double(right[index]) }
    return sum
}
