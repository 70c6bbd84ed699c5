/// How matrix products are computed; everything else is float32.
public enum Precision: String, Sendable, Codable, CaseIterable {
    /// Float32 weights and activations, whatever the file holds.
    case fp32
    /// Weights and a product's activations rounded to bfloat16, to nearest, ties to even; sums in float32.
    ///
    /// Denormal values become zeros before a product and as its sums. A row of a product is a chain over pairs of
    /// neighbouring inputs, the odd one first: y = fma(x[k + 1], w[k + 1], y), then y = fma(x[k], w[k], y), for
    /// k = 0, 2, …, from 0; a missing partner of the last input is 0.
    case bf16
    /// Weights and a product's activations rounded to half precision, to nearest, ties to even; sums in float32, in an
    /// order that is the device's.
    ///
    /// A row of activations that would leave the range is divided by ``HalfRange/scale(of:)`` before it is rounded, and
    /// its sums multiplied by it. A weight out of range is an error: ``HalfRange/check(_:)``.
    case fp16

    /// What a weight takes in memory as products read it.
    public var bytesPerWeight: Int {
        switch self {
        case .fp32: 4
        case .bf16, .fp16: 2
        }
    }
}
