import Hashing
import Testing
import Tokenizer

@Suite("Round trips") struct RoundTripTests {
    /// Blocks where composition, reordering, joining, digits and white space happen.
    static let blocks: [ClosedRange<UInt32>] = [
        0...0x7F, 0x20...0x7E, 0x20...0x21, 0x80...0x24F, 0x300...0x36F, 0x370...0x52F, 0x591...0x6FF, 0x900...0xDFF,
        0xE00...0xEFF, 0x1100...0x11FF, 0x1AB0...0x1AFF, 0x1DC0...0x1EFF, 0x2000...0x206F, 0x2150...0x218F,
        0x3000...0x30FF, 0x4E00...0x4FFF, 0xAC00...0xADFF, 0xF900...0xFAFF, 0xFE00...0xFE0F, 0x11100...0x1114F,
        0x1D15E...0x1D1BF, 0x1F300...0x1F64F, 0x1E000...0x1EFFF, 0...0x10FFFF,
    ]

    @Test("give the same text up to canonical equivalence, composed once and for all", arguments: 0..<20)
    func random(seed: UInt64) throws {
        let tokenizer = try TinyTokenizer().load()
        var generator = SplitMix64(state: seed)
        for _ in 0..<200 {
            let text = Self.text(using: &generator)
            let tokens = tokenizer.encode(text)
            let decoded = tokenizer.decode(tokens)
            #expect(decoded == text, "\(text.debugDescription)")  // String compares by canonical equivalence
            #expect(tokenizer.encode(decoded) == tokens, "\(text.debugDescription)")
        }
    }

    static func text(using generator: inout SplitMix64) -> String {
        var scalars = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...40, using: &generator) {
            guard let block = blocks.randomElement(using: &generator) else { continue }
            if let scalar = Unicode.Scalar(UInt32.random(in: block, using: &generator)) { scalars.append(scalar) }
        }
        return String(scalars)
    }

    @Test(
        "give the composed form",
        arguments: [
            ("e\u{301}", "\u{E9}"), ("\u{1112}\u{1161}\u{11AB}", "\u{D55C}"), ("\u{212B}", "\u{C5}"),
            ("a\u{315}\u{300}", "\u{E0}\u{315}"), ("\u{958}", "\u{915}\u{93C}"),
            ("\u{10041}\u{301}", "\u{10041}\u{301}"),
            ("\u{345}\u{F73}\u{334}", "\u{334}\u{F71}\u{F72}\u{345}"), ("plain", "plain"), ("", ""),
        ])
    func composed(text: String, expected: String) throws {
        let tokenizer = try TinyTokenizer().load()
        #expect(Array(tokenizer.decode(tokenizer.encode(text)).unicodeScalars) == Array(expected.unicodeScalars))
    }

    @Test("leave text as it is without a normalizer")
    func withoutNormalizer() throws {
        var tiny = TinyTokenizer()
        tiny.parts["normalizer"] = nil
        let tokenizer = try tiny.load()
        #expect(tokenizer.decode(tokenizer.encode("e\u{301}")).unicodeScalars.count == 2)
    }
}
