/// Splits text into the words that merges stay within, as GPT-2's expression does:
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
///
/// Every scalar belongs to exactly one word.
struct WordScanner {
    /// Valid UTF-8.
    let text: UnsafeBufferPointer<UInt8>

    private static let space = UInt8(ascii: " ")

    /// The end of the word that starts at `start`, which is before the end of the text.
    func wordEnd(from start: Int) -> Int {
        if let end = contractionEnd(from: start) { return end }
        if text[start] == Self.space, start + 1 < text.count {
            let following = classified(at: start + 1).class
            if following != .whiteSpace { return runEnd(of: following, from: start + 1) }
        }
        let first = classified(at: start).class
        return first == .whiteSpace ? whiteSpaceEnd(from: start) : runEnd(of: first, from: start)
    }

    /// White space up to the end of the text is one word; before anything else its last scalar is left to what follows.
    private func whiteSpaceEnd(from start: Int) -> Int {
        var last = start
        var end = start
        while end < text.count {
            let (kind, length) = classified(at: end)
            if kind != .whiteSpace { return last > start ? last : end }
            last = end
            end += length
        }
        return end
    }

    private func runEnd(of kind: ScalarClass, from start: Int) -> Int {
        var end = start
        while end < text.count {
            let (next, length) = classified(at: end)
            if next != kind { break }
            end += length
        }
        return end
    }

    private func contractionEnd(from start: Int) -> Int? {
        guard text[start] == UInt8(ascii: "'"), start + 1 < text.count else { return nil }
        let second = start + 2 < text.count ? text[start + 2] : 0
        switch text[start + 1] {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
        case UInt8(ascii: "r"), UInt8(ascii: "v"): return second == UInt8(ascii: "e") ? start + 3 : nil
        case UInt8(ascii: "l"): return second == UInt8(ascii: "l") ? start + 3 : nil
        default: return nil
        }
    }

    private func classified(at index: Int) -> (class: ScalarClass, length: Int) {
        let byte = text[index]
        if byte < 0x80 { return (ScalarClass.ascii[Int(byte)], 1) }
        let (scalar, length) = text.scalar(at: index)
        return (ScalarClass(scalar), length)
    }
}
