import Foundation

/// Unicode's normalization form C, as the Hugging Face library makes it: with the tables of Unicode 9.
///
/// There a scalar assigned later neither composes nor moves, and nothing moves across it. The standard library's own
/// tables are newer, so only the text between such scalars goes through them; no composition of older scalars has
/// changed since, by Unicode's stability policy.
enum CanonicalComposition {
    /// The composed form, or nil if `text`, valid UTF-8, is surely composed already.
    static func compose(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        // Below U+0300, whose UTF-8 begins with 0xCC, nothing combines.
        guard text.contains(where: { $0 >= 0xCC }) else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var pending = String.UnicodeScalarView()
        var index = 0
        while index < text.count {
            let (scalar, length) = text.scalar(at: index)
            index += length
            if scalar.value < 0x300 || scalar.isAssigned(inUnicode: 9) {
                append(scalar, to: &pending)
            } else {
                flush(&pending, to: &result)
                result.append(contentsOf: UTF8.encode(scalar) ?? .init())
            }
        }
        flush(&pending, to: &result)
        return result
    }

    /// Takes apart the Tibetan vowels that are starters but decompose into marks: Foundation orders marks around them
    /// as if they stayed whole.
    private static func append(_ scalar: Unicode.Scalar, to pending: inout String.UnicodeScalarView) {
        switch scalar {
        case "\u{0F73}": pending.append(contentsOf: ["\u{0F71}", "\u{0F72}"])
        case "\u{0F75}": pending.append(contentsOf: ["\u{0F71}", "\u{0F74}"])
        case "\u{0F81}": pending.append(contentsOf: ["\u{0F71}", "\u{0F80}"])
        default: pending.append(scalar)
        }
    }

    private static func flush(_ pending: inout String.UnicodeScalarView, to result: inout [UInt8]) {
        guard !pending.isEmpty else { return }
        result.append(contentsOf: String(pending).precomposedStringWithCanonicalMapping.utf8)
        pending = String.UnicodeScalarView()
    }
}
