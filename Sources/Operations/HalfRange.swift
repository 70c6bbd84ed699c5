import ModelFiles

/// What half precision holds: values up to 65,504.
public enum HalfRange {
    /// The smallest value that rounds to infinity.
    private static let first: Float = 65_520

    /// The power of two that a row of activations is divided by before it is rounded, from its largest magnitude: 1, or
    /// where that would become infinite what brings it below 2¹⁵.
    public static func scale(of largest: Float) -> Float {
        guard largest >= first, largest.isFinite else { return 1 }
        return Float(sign: .plus, exponent: largest.exponent - 14, significand: 1)
    }

    /// Throws where a weight holds a value that would become infinite; one that was stored as fp16 is taken as it is.
    ///
    /// Weights are not scaled: those of trained models are small, and a file with others is more likely broken.
    public static func check(_ tensor: Tensor) throws(HalfRangeError) {
        let largest =
            switch tensor.elementType {
            case .float32: Float(bitPattern: greatestBits(of: tensor, UInt32.self, 0x7FFF_FFFF))
            case .bfloat16: Float(bitPattern: UInt32(greatestBits(of: tensor, UInt16.self, 0x7FFF)) << 16)
            case .float16: Float(0)
            }
        guard largest < first else { throw HalfRangeError(tensor: tensor.name, value: largest) }
    }

    /// The largest magnitude, as the integer of its bits: floating-point numbers of one sign are ordered like these.
    private static func greatestBits<Bits: FixedWidthInteger & BitwiseCopyable>(
        of tensor: Tensor, _: Bits.Type, _ magnitude: Bits
    ) -> Bits {
        tensor.withUnsafeBytes { bytes in
            var greatest: Bits = 0
            for offset in stride(from: 0, to: bytes.count, by: MemoryLayout<Bits>.size) {
                greatest = max(greatest, bytes.loadUnaligned(fromByteOffset: offset, as: Bits.self) & magnitude)
            }
            return greatest
        }
    }
}

/// A weight that half precision does not hold.
public struct HalfRangeError: Error, Equatable, CustomStringConvertible {
    public let tensor: String
    /// Its largest magnitude.
    public let value: Float

    public init(tensor: String, value: Float) {
        self.tensor = tensor
        self.value = value
    }

    public static func == (left: HalfRangeError, right: HalfRangeError) -> Bool {
        left.tensor == right.tensor && left.value.bitPattern == right.value.bitPattern
    }

    public var description: String {
        "\(tensor) holds \(value), and fp16 ends at 65504: compute this model in bf16 or fp32"
    }
}
