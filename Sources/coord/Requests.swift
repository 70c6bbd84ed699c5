import ArgumentParser
import Benchmarks
import Daemons
import Foundation
import Tokenizer

/// `coord requests`: what a benchmark's rows become before a model sees them.
struct Requests: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a benchmark's requests: the strings and token ids of every context and continuation.")

    @Option(name: .long, help: "The benchmark: \(BenchmarkName.allCases.map(\.rawValue).joined(separator: ", ")).")
    var benchmark: BenchmarkName

    @Option(name: .long, help: "Its rows, JSON lines.", completion: .file())
    var data: String

    @Option(name: .long, help: "Its labels, where they are in a file of their own.", completion: .file())
    var labels: String?

    @Option(name: .long, help: "tokenizer.json.", completion: .file())
    var tokenizer: String

    @Option(name: .long, help: "Only the first so many documents.")
    var limit: Int?

    /// One line of the output.
    private struct Line: Encodable {
        let document: Int
        let gold: Int?
        let requests: [Request]

        enum CodingKeys: String, CodingKey {
            case document = "doc_id"
            case gold
            case requests
        }

        struct Request: Encodable {
            let context: String
            let continuation: String
            let contextTokens: [Int32]
            let continuationTokens: [Int32]

            enum CodingKeys: String, CodingKey {
                case context
                case continuation
                case contextTokens = "context_tokens"
                case continuationTokens = "continuation_tokens"
            }
        }
    }

    func run() throws {
        let tokenizer = try BytePairTokenizer(contentsOf: URL(fileURLWithPath: tokenizer))
        let rows = try documents(
            benchmark: benchmark, data: URL(fileURLWithPath: data), labels: labels.map { URL(fileURLWithPath: $0) },
            limit: limit)
        for document in rows {
            let requests = zip(document.requests, try document.encodedRequests(with: tokenizer)).map {
                Line.Request(
                    context: $0.context, continuation: $0.continuation, contextTokens: $1.context,
                    continuationTokens: $1.continuation)
            }
            let line = Line(document: document.id, gold: document.gold, requests: requests)
            FileHandle.standardOutput.write(try JSONLine.encode(line))
        }
    }
}

extension BenchmarkName: ExpressibleByArgument {}
