import Foundation
import TestSupport
import Tokenizer

/// A tokenizer.json with the byte alphabet, 14 merges and whatever added tokens a test asks for.
///
/// Ids: 0 is `<|endoftext|>`, 1…256 are the bytes, then come the merges' products and the added tokens.
struct TinyTokenizer {
    static let merges = [
        "h e", "l l", "he ll", "hell o", "Ġ hello", "a a", "aa aa", "Ġ w", "o r", "Ġw or", "Ġ Ġ", "b c", "a b", "ab c",
    ]

    /// The keys at the top, but for `model` and `added_tokens`.
    var parts: [String: Any]
    var model: [String: Any]
    var addedTokens: [[String: Any]] = []

    init(merges: [String] = Self.merges) {
        var entries = ["<|endoftext|>"] + Self.byteAlphabet
        for merge in merges {
            let entry = merge.replacing(" ", with: "")
            if !entries.contains(entry) { entries.append(entry) }
        }
        let vocabulary = Dictionary(uniqueKeysWithValues: zip(entries, 0...))
        let byteLevel: [String: Any] = ["type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true]
        parts = [
            "version": "1.0", "normalizer": ["type": "NFC"], "pre_tokenizer": byteLevel, "decoder": byteLevel,
            "post_processor": byteLevel,
        ]
        model = ["type": "BPE", "vocab": vocabulary, "merges": merges]
        add("<|endoftext|>", id: 0)
    }

    /// The stand-ins of the bytes 0…255.
    static let byteAlphabet: [String] = {
        var substitutes = (0x100...).lazy.compactMap(Unicode.Scalar.init).makeIterator()
        let printable = Set(0x21...0x7E).union(0xA1...0xAC).union(0xAE...0xFF)
        return (UInt8.min...UInt8.max).map { byte in
            printable.contains(Int(byte)) ? String(Unicode.Scalar(byte)) : substitutes.next().map { String($0) } ?? ""
        }
    }()

    /// Adds a token, with the next free id unless one is given; `flags` are those that are true.
    mutating func add(_ content: String, id: Int? = nil, flags: Set<String> = []) {
        let vocabulary = model["vocab"] as? [String: Int] ?? [:]
        var token: [String: Any] = ["id": id ?? vocabulary.count + addedTokens.count - 1, "content": content]
        for flag in ["single_word", "lstrip", "rstrip", "normalized", "special"] {
            token[flag] = flags.contains(flag)
        }
        addedTokens.append(token)
    }

    /// Sets or, with nil, removes an entry of the vocabulary.
    mutating func setEntry(_ entry: String, id: Int?) {
        var vocabulary = model["vocab"] as? [String: Int] ?? [:]
        vocabulary[entry] = id
        model["vocab"] = vocabulary
    }

    func json() throws -> Data {
        var document = parts
        document["model"] = model.isEmpty ? nil : model
        document["added_tokens"] = addedTokens
        return try JSONSerialization.data(withJSONObject: document)
    }

    func load() throws -> BytePairTokenizer { try Self.load(json()) }

    /// Loads `data` as a file named tokenizer.json.
    static func load(_ data: Data) throws -> BytePairTokenizer {
        let folder = try TemporaryFolder()
        try folder.write(Array(data), to: "tokenizer.json")
        return try BytePairTokenizer(contentsOf: folder.url.appendingPathComponent("tokenizer.json"))
    }
}
