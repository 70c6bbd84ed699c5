/// GPT-2's printable stand-ins for bytes, in which vocabulary entries and merges are written.
///
/// The 188 printable characters of Latin-1 stand for themselves; the other 68 bytes, in ascending order, are U+0100
/// onward, so a space is `Ġ`.
enum ByteAlphabet {
    /// The scalar that stands for each byte, 256 entries.
    static let scalars: [Unicode.Scalar] = {
        var nextSubstitute: UInt32 = 0x100
        return (UInt8.min...UInt8.max).map { byte in
            if isPrintable(byte) { return Unicode.Scalar(byte) }
            defer { nextSubstitute += 1 }
            return Unicode.Scalar(nextSubstitute) ?? Unicode.Scalar(byte)
        }
    }()

    /// The byte that each scalar up to U+0143 stands for, nil for a scalar outside the alphabet.
    private static let bytes: [UInt8?] = {
        var table = [UInt8?](repeating: nil, count: 0x144)
        for (byte, scalar) in scalars.enumerated() { table[Int(scalar.value)] = UInt8(byte) }
        return table
    }()

    /// The bytes that a vocabulary entry stands for; an entry with any scalar outside the alphabet is its own UTF-8.
    static func bytes(of entry: String) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(entry.utf8.count)
        for scalar in entry.unicodeScalars {
            guard scalar.value < bytes.count, let byte = bytes[Int(scalar.value)] else { return Array(entry.utf8) }
            result.append(byte)
        }
        return result
    }

    /// Whether a byte occurs in valid UTF-8, 243 of 256 do.
    static func occursInUTF8(_ byte: UInt8) -> Bool {
        byte < 0xC0 || (0xC2...0xF4).contains(byte)
    }

    private static func isPrintable(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: true
        default: false
        }
    }
}
