import Foundation
import Hashing

/// A byte-level BPE tokenizer read from a tokenizer.json, with the token ids of Hugging Face's tokenizers 0.23.
///
/// Special tokens are recognized in the text; none is added at its ends. A value is immutable and any number of
/// threads may share it.
public struct BytePairTokenizer: Sendable {
    /// One more than the greatest token id, added tokens included.
    public let vocabularySize: Int
    /// The SHA-256 of the file, in hexadecimal.
    public let sha256: String

    private let tables: TokenizerTables

    /// Reads a tokenizer.json; refuses, with a `TokenizerError`, one that asks for anything not implemented here.
    public init(contentsOf url: URL) throws {
        let data = try Self.read(url)
        do {
            tables = try TokenizerTables(JSONDecoder().decode(TokenizerFile.self, from: data))
        } catch let refusal as Refusal {
            throw TokenizerError(file: url.path, key: refusal.key, reason: refusal.reason)
        } catch let error as DecodingError {
            throw TokenizerError(file: url.path, error, in: data)
        }
        vocabularySize = tables.spellings.count
        sha256 = Hashing.sha256(data)
    }

    /// The token ids of `text`.
    public func encode(_ text: String) -> [Int32] {
        var text = text
        return text.withUTF8 { encode(valid: $0) }
    }

    /// The token ids of UTF-8 bytes; each maximal invalid sequence counts as U+FFFD.
    public func encode(utf8 bytes: some Sequence<UInt8>) -> [Int32] {
        encode(String(decoding: Array(bytes), as: UTF8.self))
    }

    /// The text that the tokens spell, special tokens included.
    ///
    /// Bytes that are not UTF-8, as where a character is cut, become U+FFFD; an id outside the vocabulary spells
    /// nothing.
    public func decode(_ tokens: [Int32]) -> String {
        String(decoding: tokens.flatMap { tables.spellings[$0] }, as: UTF8.self)
    }

    private func encode(valid text: UnsafeBufferPointer<UInt8>) -> [Int32] {
        var tokens: [Int32] = []
        var scratch = PairMerging.Scratch()
        for piece in tables.verbatim.pieces(of: text) {
            switch piece {
            case .token(let id):
                tokens.append(id)
            case .text(let range):
                let part = UnsafeBufferPointer(rebasing: text[range])
                guard tables.composes, let composed = CanonicalComposition.compose(part) else {
                    append(normalized: part, to: &tokens, using: &scratch)
                    continue
                }
                composed.withUnsafeBufferPointer { append(normalized: $0, to: &tokens, using: &scratch) }
            }
        }
        return tokens
    }

    private func append(
        normalized text: UnsafeBufferPointer<UInt8>, to tokens: inout [Int32], using scratch: inout PairMerging.Scratch
    ) {
        for piece in tables.normalized.pieces(of: text) {
            switch piece {
            case .token(let id):
                tokens.append(id)
            case .text(let range):
                let scanner = WordScanner(text: UnsafeBufferPointer(rebasing: text[range]))
                var start = 0
                while start < scanner.text.count {
                    let end = scanner.wordEnd(from: start)
                    let word = UnsafeBufferPointer(rebasing: scanner.text[start..<end])
                    tables.merging.append(word, to: &tokens, using: &scratch)
                    start = end
                }
            }
        }
    }

    private static func read(_ url: URL) throws -> Data {
        do {
            return try Data(contentsOf: url)
        } catch {
            throw TokenizerError(file: url.path, key: "", reason: "cannot be read: \(error.localizedDescription)")
        }
    }
}
