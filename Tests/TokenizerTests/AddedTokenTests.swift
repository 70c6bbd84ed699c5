import Testing
import Tokenizer

/// Flags of added tokens, against tokenizers 0.23.3 (PyPI), which was given the same file:
/// `Tokenizer.from_file("tokenizer.json").encode(text, add_special_tokens=False).ids`
@Suite("Added tokens") struct AddedTokenTests {
    /// A tokenizer whose added tokens 271…283 use every flag.
    static func tokenizer() throws -> BytePairTokenizer {
        var tiny = TinyTokenizer()
        tiny.add("[L]", flags: ["lstrip"])
        tiny.add("[R]", flags: ["rstrip"])
        tiny.add("[W]", flags: ["single_word"])
        tiny.add("caf\u{E9}", flags: ["normalized"])
        tiny.add("nai\u{308}ve", flags: ["normalized"])
        tiny.add("ra\u{308}w")
        for content in ["ab!", "ab!cd", "!cde"] { tiny.add(content) }
        for content in ["  ", "   "] { tiny.add(content, flags: ["normalized"]) }
        tiny.add("\u{4E2D}")
        tiny.add("[N]", flags: ["lstrip", "rstrip", "normalized"])
        return try tiny.load()
    }

    static let cases: [GoldenCase] = [
        GoldenCase("a  [L] b", [98, 271, 33, 99]),
        GoldenCase("a \n\u{A0}[L][L]b", [98, 271, 271, 99]),
        GoldenCase("a[R]  \t b", [98, 272, 99]),
        GoldenCase("[R]  [L]  x", [272, 271, 280, 121]),
        GoldenCase("[R] [R] x", [272, 272, 121]),
        GoldenCase("a [N]  [N] b", [98, 283, 280, 283, 99]),
        GoldenCase("[W]", [273]),
        GoldenCase("a[W]", [98, 92, 88, 94]),
        GoldenCase("[W]a", [92, 88, 94, 98]),
        GoldenCase("[W]_", [92, 88, 94, 96]),
        GoldenCase("[W]\u{301}", [92, 88, 94, 205, 130]),
        GoldenCase(" [W] ", [33, 273, 33]),
        GoldenCase("\u{4E2D}[W]", [282, 92, 88, 94]),
        GoldenCase("-[W]-", [46, 273, 46]),
        GoldenCase("a\u{200D}[W]", [98, 227, 129, 142, 92, 88, 94]),
        GoldenCase("caf\u{E9} cafe\u{301}", [274, 33, 274]),
        GoldenCase("na\u{EF}ve nai\u{308}ve", [275, 33, 275]),
        GoldenCase("r\u{E4}w ra\u{308}w", [115, 196, 165, 120, 33, 276]),
        GoldenCase("ab!cde", [278, 102]),
        GoldenCase("ab!cd", [278]),
        GoldenCase("ab!c", [277, 100]),
        GoldenCase("xab!!cde", [121, 277, 279]),
        GoldenCase("a     b", [98, 281, 280, 99]),
        GoldenCase("\u{4E2D}\u{6587}", [282, 231, 151, 136]),
        GoldenCase("e\u{4E2D}\u{301}", [102, 282, 205, 130]),
        GoldenCase(
            "hello hellohe aaaaaaa abc bc world",
            [260, 261, 257, 33, 263, 262, 98, 33, 98, 268, 33, 268, 266, 109, 101]),
        GoldenCase("<|endoftext|>hello", [0, 260]),
    ]

    @Test("match as Hugging Face matches them, whatever their flags", arguments: cases)
    func matchesHuggingFace(_ golden: GoldenCase) throws {
        #expect(try Self.tokenizer().encode(golden.text) == golden.ids)
    }

    @Test("spell in decoding the text that they match")
    func spellTheirContent() throws {
        let tokenizer = try Self.tokenizer()
        #expect(
            tokenizer.decode(tokenizer.encode("caf\u{E9} ab!cd   [W]<|endoftext|>"))
                == "caf\u{E9} ab!cd   [W]<|endoftext|>")
    }
}
