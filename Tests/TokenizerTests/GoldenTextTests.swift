import TestSupport
import Testing
import Tokenizer

@Suite("GPT-NeoX ids", .enabled(if: Shared.isAvailable, Shared.explanation)) struct GoldenTextTests {
    @Test("equal Hugging Face's on hostile text", arguments: HuggingFaceGolden.all)
    func text(_ golden: GoldenCase) throws {
        #expect(try SharedTokenizer.load().encode(golden.text) == golden.ids)
    }

    @Test("equal Hugging Face's on bytes that are not UTF-8", arguments: HuggingFaceGolden.bytes)
    func bytes(_ golden: HuggingFaceGolden.ByteCase) throws {
        #expect(try SharedTokenizer.load().encode(utf8: golden.bytes) == golden.ids)
    }

    @Test("number 50,277, and the file is known by its digest")
    func identity() throws {
        let tokenizer = try SharedTokenizer.load()
        #expect(tokenizer.vocabularySize == 50_277)
        #expect(tokenizer.sha256 == "56ac4821e129d2c520fdaba60abd920fa852ada51b45c0dd52bbb6bd8c985ade")
    }

    @Test("spell nothing outside the vocabulary, and U+FFFD where a character is cut")
    func decoding() throws {
        let tokenizer = try SharedTokenizer.load()
        #expect(tokenizer.decode([-1, 50_277, .max, 12_092]) == "Hello")
        let emoji = tokenizer.encode("\u{1F44D}")
        #expect(emoji.count > 1)
        #expect(tokenizer.decode(Array(emoji.dropLast())) == "\u{FFFD}")
    }
}

/// The tokenizer of the shared folder, read once.
enum SharedTokenizer {
    private static let loaded = Result {
        try BytePairTokenizer(contentsOf: Shared.url("data/gpt_neox_20b_tokenizer/tokenizer.json"))
    }

    static func load() throws -> BytePairTokenizer { try loaded.get() }
}
