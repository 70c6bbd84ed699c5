import Benchmarks
import Foundation
import TestSupport
import Testing
import Tokenizer

/// All rows of the published splits, and of the synthetic ones in HellaSwag's schema.
@Suite(.enabled(if: Shared.isAvailable, Shared.explanation))
struct PublishedDataTests {
    struct Source: CustomTestStringConvertible, Sendable {
        let benchmark: BenchmarkName
        let data: String
        var labels: String?
        let count: Int
        /// SHA-256 over the documents' hashes and lines, made with Python's `json` and `hashlib` by the recipe in
        /// `digest(_:)`.
        let digest: String

        var testDescription: String { data }
    }

    static let sources: [Source] = [
        .init(
            benchmark: .lambadaOpenAI, data: "data/lambada_openai/test.jsonl", count: 5153,
            digest: "b075576a04a4da998e4e3e0f73e5bc136e81dc1dc3db9190905fb9bf52c17925"),
        .init(
            benchmark: .hellaswag, data: "data/hellaswag_synthetic/validation.jsonl", count: 240,
            digest: "cdc8eb4de79d22952c11619edf3f22c03502fc0e527f42903b41bf2d3a81fb16"),
        .init(
            benchmark: .piqa, data: "data/piqa/valid.jsonl", labels: "data/piqa/valid-labels.lst", count: 1838,
            digest: "eaf0221bbd2b39a238748dd483ba8ecd658ac4e3b10d1393b834a6c6e9f39b96"),
        .init(
            benchmark: .arcEasy, data: "data/arc_easy/test.jsonl", count: 2376,
            digest: "54f6f7d666533114e9c31e70747946111685061ecc54df6c6ae2a94e427d132c"),
        .init(
            benchmark: .arcChallenge, data: "data/arc_challenge/test.jsonl", count: 1172,
            digest: "2aea7b8b189388552c64be4cc1dd245959442d4caa3dac4e9228f1c58b5431fb"),
        .init(
            benchmark: .winogrande, data: "data/winogrande/dev.jsonl", count: 1267,
            digest: "1e53274fd808acf21695c6d4d3a7bf22c12c4f2a12ccaf851b78aee4f5a544f2"),
        .init(
            benchmark: .winogrande, data: "data/winogrande/dev.jsonl", labels: "data/winogrande/dev-labels.lst",
            count: 1267, digest: "1e53274fd808acf21695c6d4d3a7bf22c12c4f2a12ccaf851b78aee4f5a544f2"),
    ]

    /// sha256 of the lines `doc_hash + prompt_hash + target_hash + sha256(json.dumps(doc, ensure_ascii=False))`.
    func digest(_ documents: [Document]) -> String {
        let lines = documents.map { $0.docHash + $0.promptHash + $0.targetHash + hex($0.source) }
        return hex(lines.joined(separator: "\n"))
    }

    private func hex(_ text: String) -> String {
        Document(id: 0, source: "", docHash: "", gold: nil, requests: [], target: text).targetHash
    }

    func load(_ source: Source) throws -> [Document] {
        try documents(
            benchmark: source.benchmark, data: Shared.url(source.data), labels: source.labels.map(Shared.url))
    }

    @Test("every published row loads, and hashes as Python hashes it", arguments: sources)
    func hashes(_ source: Source) throws {
        let documents = try load(source)
        #expect(documents.count == source.count)
        #expect(documents.map(\.id) == Array(0..<source.count))
        #expect(digest(documents) == source.digest)
        if source.benchmark != .hellaswag {
            #expect(documents.count == source.benchmark.description.publishedCount)
        }
    }

    @Test("every published request has a context and a continuation in tokens", arguments: sources.dropLast())
    func tokens(_ source: Source) throws {
        let tokenizer = try HarnessTests.tokenizer.get()
        for document in try load(source) {
            let encoded = try document.encodedRequests(with: tokenizer)
            #expect(encoded.count == document.requests.count)
            #expect(encoded.allSatisfy { !$0.context.isEmpty && !$0.continuation.isEmpty })
        }
    }
}
