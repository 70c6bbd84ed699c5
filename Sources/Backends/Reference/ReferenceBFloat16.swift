extension Float {
    /// The nearest bfloat16, ties to even; denormals become zeros of their sign, NaN stays NaN.
    var roundedToBFloat16: Float {
        if isNaN { return .nan }
        if magnitude < .leastNormalMagnitude { return Float(sign: sign, exponent: 0, significand: 0) }
        let tie: UInt32 = 0x7FFF + (bitPattern >> 16 & 1)
        return Float(bitPattern: (bitPattern + tie) & 0xFFFF_0000)
    }
}

/// The product of two rows of bfloat16 values, as `Precision.bf16` adds it up.
func pairedDot(_ left: UnsafeBufferPointer<Float>, _ right: UnsafeBufferPointer<Float>) -> Float {
    var sum: Float = 0
    for first in stride(from: 0, to: left.count, by: 2) {
        let second = first + 1
        sum = second < left.count ? flushed(sum, left[second], right[second]) : flushed(sum, 0, 0)
        sum = flushed(sum, left[first], right[first])
    }
    return sum
}

/// sum + x·w, rounded once; a zero of its sign where it is then below 2^−126, seen with an unbounded exponent.
private func flushed(_ sum: Float, _ x: Float, _ w: Float) -> Float {
    let result = sum.addingProduct(x, w)
    guard result.magnitude <= .leastNormalMagnitude else { return result }
    let scaled = (sum * 0x1p64).addingProduct(x * 0x1p32, w * 0x1p32)
    return scaled.magnitude < 0x1p-62 ? Float(sign: result.sign, exponent: 0, significand: 0) : result
}
