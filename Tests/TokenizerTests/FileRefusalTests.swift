import Foundation
import Testing
import Tokenizer

@Suite("A tokenizer file is refused") struct FileRefusalTests {
    /// An edit that spoils a good file, and what the error must say.
    struct Spoiled: Sendable, CustomTestStringConvertible {
        let key: String
        let mention: String
        let edit: @Sendable (inout TinyTokenizer) -> Void

        init(_ key: String, _ mention: String, _ edit: @escaping @Sendable (inout TinyTokenizer) -> Void) {
            self.key = key
            self.mention = mention
            self.edit = edit
        }

        var testDescription: String { "\(key): \(mention)" }
    }

    static let spoiled: [Spoiled] = [
        Spoiled("model.type", "'Unigram'") { $0.model = ["type": "Unigram", "vocab": [["a", 0.5]]] },
        Spoiled("model", "missing") { $0.model = [:] },
        Spoiled("model.vocab", "missing") { $0.model["vocab"] = nil },
        Spoiled("model.vocab", "'A' and 'a'") { $0.setEntry("a", id: 66) },
        Spoiled("model.vocab", "no token has id 271") { $0.setEntry("far", id: 900) },
        Spoiled("model.vocab", "byte 65") {
            $0.setEntry("A", id: nil)
            $0.setEntry("spare", id: 66)
        },
        Spoiled("model.vocab.bad", "a string") { $0.model["vocab"] = ["bad": "1"] },
        Spoiled("", "too large") { $0.model["vocab"] = ["bad": 9_999_999_999] },
        Spoiled("model.merges", "missing") { $0.model["merges"] = nil },
        Spoiled("model.merges[0]", "two tokens") { $0.model["merges"] = ["abc"] },
        Spoiled("model.merges[1]", "two tokens") { $0.model["merges"] = ["a b", "a b c"] },
        Spoiled("model.merges[0]", "two tokens") { $0.model["merges"] = [["a"]] },
        Spoiled("model.merges[0]", "'zz'") { $0.model["merges"] = ["zz a"] },
        Spoiled("model.merges[1]", "'hq'") { $0.model["merges"] = [["h", "e"], ["h", "q"]] },
        Spoiled("model.dropout", "0.5") { $0.model["dropout"] = 0.5 },
        Spoiled("model.ignore_merges", "true") { $0.model["ignore_merges"] = true },
        Spoiled("model.continuing_subword_prefix", "'##'") { $0.model["continuing_subword_prefix"] = "##" },
        Spoiled("model.end_of_word_suffix", "'</w>'") { $0.model["end_of_word_suffix"] = "</w>" },
        Spoiled("normalizer.type", "'Lowercase'") { $0.parts["normalizer"] = ["type": "Lowercase"] },
        Spoiled("pre_tokenizer", "missing") { $0.parts["pre_tokenizer"] = nil },
        Spoiled("pre_tokenizer.type", "'Whitespace'") { $0.parts["pre_tokenizer"] = ["type": "Whitespace"] },
        Spoiled("pre_tokenizer.add_prefix_space", "false") {
            $0.parts["pre_tokenizer"] = ["type": "ByteLevel", "add_prefix_space": true]
        },
        Spoiled("pre_tokenizer.use_regex", "true") {
            $0.parts["pre_tokenizer"] = ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false]
        },
        Spoiled("post_processor.type", "'TemplateProcessing'") {
            $0.parts["post_processor"] = ["type": "TemplateProcessing"]
        },
        Spoiled("decoder", "missing") { $0.parts["decoder"] = nil },
        Spoiled("decoder.type", "'WordPiece'") { $0.parts["decoder"] = ["type": "WordPiece"] },
        Spoiled("truncation", "null") { $0.parts["truncation"] = ["max_length": 5] },
        Spoiled("padding", "null") { $0.parts["padding"] = ["pad_id": 1] },
        Spoiled("added_tokens[1]", "has id 5") { $0.add("new", id: 5) },
        Spoiled("added_tokens[1]", "elsewhere") { $0.add("hello") },
        Spoiled("added_tokens[2]", "elsewhere") {
            $0.add("new")
            $0.add("new")
        },
        Spoiled("added_tokens[1]", "empty") { $0.add("") },
        Spoiled("added_tokens[0].content", "missing") { $0.addedTokens = [["id": 0]] },
    ]

    @Test("with its name, the key and the reason", arguments: spoiled)
    func names(_ spoiled: Spoiled) throws {
        var tiny = TinyTokenizer()
        spoiled.edit(&tiny)
        let error = try #require(throws: TokenizerError.self) { _ = try tiny.load() }
        #expect(error.file.hasSuffix("tokenizer.json"))
        #expect(error.key == spoiled.key)
        #expect(error.reason.contains(spoiled.mention), "\(error)")
        #expect(error.description.contains("tokenizer.json: \(error.key)"))
    }

    @Test("when it is cut short anywhere", arguments: [0, 0.1, 0.3, 0.5, 0.8, 0.99])
    func truncated(fraction: Double) throws {
        let data = try TinyTokenizer().json()
        let cut = data.prefix(Int(Double(data.count) * fraction))
        let error = try #require(throws: TokenizerError.self) { _ = try TinyTokenizer.load(Data(cut)) }
        #expect(error.reason == "not valid JSON: Unexpected end of file during JSON parse.", "\(error)")
    }

    @Test(
        "when it is not a tokenizer at all",
        arguments: ["[]", "{}", "17", "null", "\"x\"", "\u{0}\u{1}", "{\"model\": 3}"])
    func foreign(json: String) {
        #expect(throws: TokenizerError.self) { _ = try TinyTokenizer.load(Data(json.utf8)) }
    }

    @Test("when it is missing or a folder", arguments: ["absent/tokenizer.json", ""])
    func unreadable(path: String) throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent(path)
        let error = try #require(throws: TokenizerError.self) { _ = try BytePairTokenizer(contentsOf: url) }
        #expect(error.description.hasPrefix("\(url.path): cannot be read"))
    }

    @Test("only for what changes ids: merges may be pairs, as newer files write them")
    func pairs() throws {
        var tiny = TinyTokenizer()
        tiny.model["merges"] = TinyTokenizer.merges.map { $0.split(separator: " ").map(String.init) }
        tiny.model["unk_token"] = NSNull()
        #expect(try tiny.load().encode(" hello") == TinyTokenizer().load().encode(" hello"))
        #expect(try tiny.load().encode(" hello") == [261])
    }
}
