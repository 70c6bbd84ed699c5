// The standard library composes right where Foundation's `precomposedStringWithCanonicalMapping` does not: on Linux that
// makes Á of U+10041 U+0301. Tests compare the result with Hugging Face's, should a toolchain change it.
@_spi(_Unicode) import Swift

/// Unicode's normalization form C, as the Hugging Face library makes it: with the tables of Unicode 9.
///
/// There a scalar assigned later neither composes nor moves, and nothing moves across it. The standard library's own
/// tables are newer, so only the text between such scalars goes through them; no composition of older scalars has
/// changed since, by Unicode's stability policy.
struct CanonicalComposition {
    private var result: [UInt8] = []
    /// Text on its way through the standard library.
    private var segment = String.UnicodeScalarView()
    /// The combining marks that follow `segment`, not yet in canonical order.
    private var marks: [Mark] = []

    private struct Mark {
        var combiningClass: UInt8
        var scalar: Unicode.Scalar
    }

    /// The composed form, or nil if `text`, valid UTF-8, is surely composed already.
    static func compose(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        // Below U+0300, whose UTF-8 begins with 0xCC, nothing combines.
        guard text.contains(where: { $0 >= 0xCC }) else { return nil }
        var composition = CanonicalComposition()
        composition.result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let (scalar, length) = text.scalar(at: index)
            composition.append(scalar)
            index += length
        }
        composition.endSegment()
        return composition.result
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        guard scalar.value >= 0x300 else {
            appendStarter(scalar)
            return
        }
        guard scalar.isAssigned(inUnicode: 9) else {
            endSegment()
            write(scalar)
            return
        }
        switch scalar {
        // Starters that decompose into marks; the standard library orders marks around them as if they stayed whole.
        case "\u{0F73}": appendMarks("\u{0F71}", "\u{0F72}")
        case "\u{0F75}": appendMarks("\u{0F71}", "\u{0F74}")
        case "\u{0F81}": appendMarks("\u{0F71}", "\u{0F80}")
        default:
            if scalar.properties.canonicalCombiningClass == .notReordered {
                appendStarter(scalar)
            } else {
                appendMarks(scalar)
            }
        }
    }

    private mutating func appendStarter(_ scalar: Unicode.Scalar) {
        orderMarks()
        segment.append(scalar)
    }

    private mutating func appendMarks(_ scalars: Unicode.Scalar...) {
        for scalar in scalars {
            marks.append(Mark(combiningClass: scalar.properties.canonicalCombiningClass.rawValue, scalar: scalar))
        }
    }

    /// Moves the marks, in canonical order, to the segment; the standard library alone would take quadratic time.
    private mutating func orderMarks() {
        guard !marks.isEmpty else { return }
        marks.sort { $0.combiningClass < $1.combiningClass }
        segment.append(contentsOf: marks.lazy.map(\.scalar))
        marks.removeAll(keepingCapacity: true)
    }

    private mutating func endSegment() {
        orderMarks()
        guard !segment.isEmpty else { return }
        for scalar in String(segment)._nfc { write(scalar) }
        segment = String.UnicodeScalarView()
    }

    private mutating func write(_ scalar: Unicode.Scalar) {
        result.append(contentsOf: UTF8.encode(scalar) ?? .init())
    }
}
