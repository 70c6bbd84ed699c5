import Crypto
import Foundation
import TestSupport
import Testing
import Tokenizer

@Suite("Shared documents", .enabled(if: Shared.isAvailable, Shared.explanation)) struct SharedDocumentTests {
    /// SHA-256 of the ids of every string in every row: rows in order, an object's values by ascending key; each
    /// string gives its count of ids and the ids, little-endian int32. Made with tokenizers 0.23.3 (PyPI).
    static let digests = [
        ("arc_challenge/test.jsonl", "5e2e408f04393e7e71ca4f379d3701c48f3283263117aafbf421b1bc8144858a"),
        ("arc_easy/test.jsonl", "5c9b75d9e3bc31150b56980dbdc43adde42b3041325273a4878dab9a5ce26cc6"),
        ("hellaswag_synthetic/validation.jsonl", "3b4660831ab275640d659a835a7696840c7875a959f4a67703f1b229c3a8cccd"),
        ("lambada_openai/test.jsonl", "e829d16c33410ee2f95ea97a4cff55cf8ac2c9fac2ca45a8fd73ee68bc2b613c"),
        ("piqa/valid.jsonl", "706017876ba50d4b5fa9a5b5770add7f4446de37591161c499a06b52f2fa1520"),
        ("winogrande/dev.jsonl", "ba1766a6c9a834839da2abd20cfa674005e0a0e63c94d8da6dbc16916f93a1cb"),
    ]

    @Test("have Hugging Face's ids in every string of every row", arguments: digests)
    func everyRow(file: String, digest: String) throws {
        let tokenizer = try SharedTokenizer.load()
        let text = try String(contentsOf: Shared.url("data/\(file)"), encoding: .utf8)
        var hash = SHA256()
        for line in text.split(separator: "\n") {
            for string in Self.strings(in: try JSONSerialization.jsonObject(with: Data(line.utf8))) {
                let ids = tokenizer.encode(string)
                ([Int32(ids.count)] + ids).map(\.littleEndian).withUnsafeBytes { hash.update(bufferPointer: $0) }
            }
        }
        #expect(hash.finalize().map { String(format: "%02x", $0) }.joined() == digest)
    }

    static let benchmarks = ["arc_challenge", "arc_easy", "hellaswag", "lambada_openai", "piqa", "winogrande"]

    @Test("have lm-evaluation-harness's ids, alone and joined", arguments: benchmarks)
    func everyRequest(benchmark: String) throws {
        let tokenizer = try SharedTokenizer.load()
        let data = try Data(contentsOf: Shared.url("fixtures/lm_eval/\(benchmark).json"))
        let documents = try JSONDecoder().decode([HarnessDocument].self, from: data)
        #expect(documents.count == 50)
        for request in documents.flatMap(\.requests) {
            let whole = tokenizer.encode(request.context + request.continuation)
            #expect(whole == request.contextTokens + request.continuationTokens)
            #expect(tokenizer.encode(request.context) == request.contextTokens)
        }
    }

    @Test("have the same ids when eight threads share a tokenizer")
    func sharedByThreads() async throws {
        let tokenizer = try SharedTokenizer.load()
        let text = try String(contentsOf: Shared.url("data/winogrande/dev.jsonl"), encoding: .utf8)
        let alone = tokenizer.encode(text)
        await withTaskGroup(of: [Int32].self) { group in
            for _ in 0..<8 { group.addTask { tokenizer.encode(text) } }
            for await together in group { #expect(together == alone) }
        }
    }

    /// The strings of a JSON value, those of an object by ascending key.
    static func strings(in value: Any) -> [String] {
        switch value {
        case let string as String: [string]
        case let list as [Any]: list.flatMap(strings)
        case let object as [String: Any]: object.sorted { $0.key < $1.key }.flatMap { strings(in: $0.value) }
        default: []
        }
    }

    struct HarnessDocument: Decodable {
        var requests: [Request]

        struct Request: Decodable {
            var context: String
            var continuation: String
            var contextTokens: [Int32]
            var continuationTokens: [Int32]

            enum CodingKeys: String, CodingKey {
                case context, continuation
                case contextTokens = "context_tokens"
                case continuationTokens = "continuation_tokens"
            }
        }
    }
}
