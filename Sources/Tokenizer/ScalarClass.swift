/// What the pre-tokenizer's expression tells apart: `\p{L}`, `\p{N}`, `\s` and the rest.
enum ScalarClass: UInt8 {
    case letter, number, whiteSpace, other

    /// The class of a scalar in Unicode 16, the version of the Hugging Face library's regular expressions.
    ///
    /// A scalar that Unicode assigned later counts as unassigned, so that token ids do not change with the toolchain.
    init(_ scalar: Unicode.Scalar) {
        let properties = scalar.properties
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            self = scalar.isAssigned(inUnicode: 16) ? .letter : .other
        case .decimalNumber, .letterNumber, .otherNumber:
            self = scalar.isAssigned(inUnicode: 16) ? .number : .other
        default:
            self = properties.isWhitespace ? .whiteSpace : .other
        }
    }

    /// The classes of ASCII, 128 entries.
    static let ascii: [ScalarClass] = (UInt8(0)..<128).map { ScalarClass(Unicode.Scalar($0)) }
}

extension Unicode.Scalar {
    /// Whether the scalar was assigned in a major version of Unicode, such as 9 for 9.0.
    func isAssigned(inUnicode version: Int) -> Bool {
        guard let age = properties.age else { return false }
        return age.major < version || (age.major == version && age.minor == 0)
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The scalar that starts at `index` and its length in bytes; the buffer holds valid UTF-8.
    func scalar(at index: Int) -> (scalar: Unicode.Scalar, length: Int) {
        let lead = UInt32(self[index])
        func tail(_ offset: Int) -> UInt32 { UInt32(self[index + offset]) & 0x3F }
        let value: UInt32
        let length: Int
        switch lead {
        case ..<0x80: (value, length) = (lead, 1)
        case ..<0xE0: (value, length) = ((lead & 0x1F) << 6 | tail(1), 2)
        case ..<0xF0: (value, length) = ((lead & 0x0F) << 12 | tail(1) << 6 | tail(2), 3)
        default: (value, length) = ((lead & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4)
        }
        return (Unicode.Scalar(value) ?? "\u{FFFD}", length)
    }

    /// The start of the scalar that ends before `index`, which is greater than 0.
    func scalarStart(before index: Int) -> Int {
        var start = index - 1
        while start > 0, self[start] & 0xC0 == 0x80 { start -= 1 }
        return start
    }
}
