extension ElementType {
    /// Reads little-endian values and widens them to float32, which is exact for all three types.
    ///
    /// The loops are branch-free so that they vectorise; bytes need not be aligned.
    func widen(_ bytes: UnsafeRawBufferPointer) -> [Float] {
        let count = bytes.count / byteCount
        return [Float](unsafeUninitializedCapacity: count) { values, initialized in
            switch self {
            case .float32:
                UnsafeMutableRawBufferPointer(values).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[..<(count * 4)]))
            case .bfloat16:
                for index in 0..<count {
                    let bits = bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                    values.initializeElement(at: index, to: Float(bitPattern: UInt32(bits) << 16))
                }
            case .float16:
                for index in 0..<count {
                    let bits = bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                    values.initializeElement(at: index, to: Self.float(halfBits: UInt32(bits)))
                }
            }
            initialized = count
        }
    }

    /// The float32 value of an IEEE half: its exponent and fraction moved into place, then scaled by 2^112, the
    /// difference of the biases; that makes subnormal halves normal. Infinities and NaNs keep a full exponent.
    @inline(__always)
    private static func float(halfBits bits: UInt32) -> Float {
        let magnitude = (bits & 0x7fff) << 13
        let scaled = (Float(bitPattern: magnitude) * Float(bitPattern: 0x7780_0000)).bitPattern
        let special: UInt32 = magnitude >= 0x0f80_0000 ? 0x7f80_0000 : 0
        return Float(bitPattern: scaled | special | (bits & 0x8000) << 16)
    }
}
