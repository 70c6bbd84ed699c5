// Python's rules for text, which the definitions of the benchmarks are written in. They count and compare
// Unicode code points; Swift's characters would join "[" with a combining mark, or a carriage return with a line feed.

extension Unicode.Scalar {
    /// Whether Python's `str.isspace` holds: bidirectional class WS, B or S, or a space separator.
    var isPythonWhitespace: Bool {
        switch value {
        case 0x09...0x0D, 0x1C...0x20, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }
}

extension String {
    /// The text without white space at its end: Python's `rstrip`.
    var withoutTrailingWhitespace: String {
        var scalars = unicodeScalars[...]
        while let last = scalars.last, last.isPythonWhitespace { scalars.removeLast() }
        return String(scalars)
    }

    /// The text without white space at either end: Python's `strip`.
    var stripped: String {
        String(withoutTrailingWhitespace.unicodeScalars.drop { $0.isPythonWhitespace })
    }

    /// The first code point in title case and all others in lower case: Python's `capitalize`.
    var capitalizedLikePython: String {
        let scalars = Array(unicodeScalars)
        guard let first = scalars.first else { return "" }
        var result = first.properties.titlecaseMapping
        for index in scalars.indices.dropFirst() {
            if scalars[index] == "Σ" {
                result += isFinalSigma(at: index, in: scalars) ? "ς" : "σ"
            } else {
                result += scalars[index].properties.lowercaseMapping
            }
        }
        return result
    }

    /// The text with every occurrence of a pattern replaced in one pass from the left: Python's `replace`.
    func replacingEach(_ pattern: StaticString, with replacement: StaticString) -> String {
        let pattern = pattern.withUTF8Buffer { Array($0) }
        let replacement = replacement.withUTF8Buffer { Array($0) }
        let bytes = Array(utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index...].starts(with: pattern) {
                result += replacement
                index += pattern.count
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The text without the shortest stretches from `[` to `]` within a line: Python's `re.sub(r"\[.*?\]", "", text)`.
    var withoutBracketedTags: String {
        let bytes = Array(utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "["), let close = closingBracket(after: index, in: bytes) {
                index = close + 1
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// Whether two texts hold the same code points; `==` would also equate canonical equivalents.
func sameScalars(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

private func closingBracket(after open: Int, in bytes: [UInt8]) -> Int? {
    let end = bytes[open...].firstIndex { $0 == UInt8(ascii: "]") || $0 == UInt8(ascii: "\n") }
    return end.flatMap { bytes[$0] == UInt8(ascii: "]") ? $0 : nil }
}

/// Unicode's condition Final_Sigma: a cased letter before, none after, case-ignorable code points aside.
private func isFinalSigma(at index: Int, in scalars: [Unicode.Scalar]) -> Bool {
    func isCased(_ neighbours: some Sequence<Unicode.Scalar>) -> Bool {
        neighbours.first { !$0.properties.isCaseIgnorable }?.properties.isCased ?? false
    }
    return isCased(scalars[..<index].reversed()) && !isCased(scalars[(index + 1)...])
}
