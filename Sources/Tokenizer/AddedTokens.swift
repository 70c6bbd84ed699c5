/// Tokens that are matched as they stand in the text, before words and merges.
///
/// Matching is leftmost-longest over bytes, and the flags have the Hugging Face library's meaning.
struct AddedTokens: Sendable {
    /// A token's id and how its surroundings matter.
    struct Token: Sendable {
        var id: Int32
        /// The text to match; never empty.
        var content: String
        /// Matches only between scalars that are not of a word.
        var singleWord: Bool
        /// Swallows the white space before it.
        var stripsLeft: Bool
        /// Swallows the white space after it.
        var stripsRight: Bool
    }

    /// A stretch of the text: an added token, or text in which none occurs.
    enum Piece: Equatable {
        case token(Int32)
        case text(Range<Int>)
    }

    private let tokens: [Token]
    /// The trie's edges (node, byte) → node; 0 is the root.
    private var edges: PairTable
    /// For each node the index of the token that ends there, or −1.
    private var ends: [Int32] = [-1]
    /// Whether a token begins with each byte.
    private var begins = [Bool](repeating: false, count: 256)

    init(_ tokens: [Token]) {
        self.tokens = tokens
        edges = PairTable(count: tokens.reduce(0) { $0 + $1.content.utf8.count })
        for (index, token) in tokens.enumerated() { insert(token.content, index: Int32(index)) }
    }

    private mutating func insert(_ content: String, index: Int32) {
        var node: Int32 = 0
        for (offset, byte) in content.utf8.enumerated() {
            if offset == 0 { begins[Int(byte)] = true }
            if let child = edges[node, Int32(byte)] {
                node = child
            } else {
                let child = Int32(ends.count)
                ends.append(-1)
                edges[node, Int32(byte)] = child
                node = child
            }
        }
        ends[Int(node)] = index
    }

    /// The pieces of `text`, valid UTF-8, in order.
    func pieces(of text: UnsafeBufferPointer<UInt8>) -> [Piece] {
        var pieces: [Piece] = []
        var covered = 0
        var search = 0
        while let match = firstMatch(in: text, from: search) {
            search = match.range.upperBound
            let token = tokens[match.token]
            var (start, end) = (match.range.lowerBound, match.range.upperBound)
            if token.singleWord, isInsideWord(start..<end, of: text) { continue }
            if token.stripsLeft { start = max(whiteSpaceStart(before: start, in: text), covered) }
            if token.stripsRight { end = whiteSpaceEnd(after: end, in: text) }
            if covered < start { pieces.append(.text(covered..<start)) }
            pieces.append(.token(token.id))
            covered = end
        }
        if covered < text.count { pieces.append(.text(covered..<text.count)) }
        return pieces
    }

    private func firstMatch(in text: UnsafeBufferPointer<UInt8>, from: Int) -> (token: Int, range: Range<Int>)? {
        var start = from
        while start < text.count {
            if begins[Int(text[start])], let match = longestMatch(in: text, at: start) { return match }
            start += 1
        }
        return nil
    }

    private func longestMatch(in text: UnsafeBufferPointer<UInt8>, at start: Int) -> (token: Int, range: Range<Int>)? {
        var best: (token: Int, range: Range<Int>)?
        var node: Int32 = 0
        var end = start
        while end < text.count, let child = edges[node, Int32(text[end])] {
            node = child
            end += 1
            if ends[Int(node)] >= 0 { best = (Int(ends[Int(node)]), start..<end) }
        }
        return best
    }

    private func isInsideWord(_ range: Range<Int>, of text: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = range.lowerBound
        if start > 0, text.scalar(at: text.scalarStart(before: start)).scalar.isOfWord { return true }
        return range.upperBound < text.count && text.scalar(at: range.upperBound).scalar.isOfWord
    }

    private func whiteSpaceStart(before index: Int, in text: UnsafeBufferPointer<UInt8>) -> Int {
        var start = index
        while start > 0 {
            let previous = text.scalarStart(before: start)
            guard text.scalar(at: previous).scalar.properties.isWhitespace else { break }
            start = previous
        }
        return start
    }

    private func whiteSpaceEnd(after index: Int, in text: UnsafeBufferPointer<UInt8>) -> Int {
        var end = index
        while end < text.count {
            let (scalar, length) = text.scalar(at: end)
            guard scalar.properties.isWhitespace else { break }
            end += length
        }
        return end
    }
}

extension Unicode.Scalar {
    /// Whether `\w` matches: letters, marks, decimal digits, connectors and the two joiners.
    fileprivate var isOfWord: Bool {
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: true
        default: properties.isAlphabetic || properties.isJoinControl
        }
    }
}
