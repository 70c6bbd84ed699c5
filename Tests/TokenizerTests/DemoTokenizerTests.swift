import Foundation
import Testing
import Tokenizer

/// The demo's tokenizer, which tokenizers' BpeTrainer learned from the demo's rows.
@Suite("The demo's tokenizer") struct DemoTokenizerTests {
    static let folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("../../jobs/demo").standardizedFileURL

    static func tokenizer() throws -> BytePairTokenizer {
        try BytePairTokenizer(contentsOf: folder.appendingPathComponent("tokenizer.json"))
    }

    @Test("has 1,024 tokens, the end of text first and runs of spaces last")
    func layout() throws {
        let tokenizer = try Self.tokenizer()
        #expect(tokenizer.vocabularySize == 1_024)
        #expect(tokenizer.encode("<|endoftext|><|padding|>") == [0, 1])
        #expect(tokenizer.encode("        ") == [1_017])
        #expect(tokenizer.encode("  ") == [1_023])
    }

    @Test(
        "brings every demo row back unchanged, in fewer tokens than bytes",
        arguments: [
            "arc_challenge", "arc_easy", "hellaswag", "lambada_openai", "piqa", "winogrande",
        ])
    func rows(benchmark: String) throws {
        let tokenizer = try Self.tokenizer()
        let file = Self.folder.appendingPathComponent("\(benchmark).jsonl")
        let rows = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(!rows.isEmpty)
        for row in rows {
            let tokens = tokenizer.encode(row)
            #expect(tokenizer.decode(tokens) == row)
            #expect(tokens.count * 3 < row.utf8.count * 2)
        }
    }

    @Test(
        "brings back text that it never saw",
        arguments: ["", "\u{4E2D}\u{6587} \u{1F44D}", "a\tb\r\n      c", "Zürich – 3 °C"])
    func foreignText(text: String) throws {
        let tokenizer = try Self.tokenizer()
        #expect(tokenizer.decode(tokenizer.encode(text)) == text)
    }
}
