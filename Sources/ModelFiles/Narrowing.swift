extension ElementType {
    /// The little-endian bytes of `values` in this type, rounded to nearest, ties to even.
    func narrow(_ values: UnsafeBufferPointer<Float>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: values.count * byteCount) { bytes, initialized in
            let target = UnsafeMutableRawBufferPointer(bytes)
            switch self {
            case .float32:
                target.copyMemory(from: UnsafeRawBufferPointer(values))
            case .float16:
                for (index, value) in values.enumerated() {
                    target.storeBytes(of: Float16(value).bitPattern, toByteOffset: 2 * index, as: UInt16.self)
                }
            case .bfloat16:
                for (index, value) in values.enumerated() {
                    // Adding just under half of the last kept place, or half where that place is odd.
                    let bits = value.bitPattern
                    let rounded = bits &+ 0x7fff &+ (bits >> 16 & 1)
                    target.storeBytes(of: UInt16(rounded >> 16), toByteOffset: 2 * index, as: UInt16.self)
                }
            }
            initialized = values.count * byteCount
        }
    }
}
