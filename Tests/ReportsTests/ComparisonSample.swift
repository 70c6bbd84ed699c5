import Benchmarks
import Foundation
import Reports

/// Documents of distinct content, and rows that answer them as told.
enum Paired {
    static let none = #"{"method":"none"}"#

    static func utrc(_ flops: Double = 0.2, variant: String = "paper", scope: String = "context") -> String {
        #"{"flops":\#(flops),"importance":"clip","method":"utrc","scope":"\#(scope)","variant":"\#(variant)"}"#
    }

    static func control(_ method: String, _ flops: Double = 0.2, scope: String = "context") -> String {
        #"{"flops":\#(flops),"method":"\#(method)","scope":"\#(scope)","variant":"paper"}"#
    }

    /// A document whose first choice is right; its hash tells `content`.
    static func document(_ id: Int, content: Int? = nil) -> Document {
        let like = Document.twoChoices(id)
        return Document(
            id: id, source: like.source, docHash: hash(content ?? id), gold: 0, requests: like.requests, target: "0")
    }

    /// A document with one continuation.
    static func word(_ id: Int) -> Document {
        let like = Document.lastWord(id)
        return Document(
            id: id, source: like.source, docHash: hash(id), gold: nil, requests: like.requests, target: like.target)
    }

    static func hash(_ content: Int) -> String { String(format: "%064x", content + 1) }

    /// Rows that choose the right answer where `right` says so, by a margin of `gap` nats.
    static func rows(_ right: [Bool], gap: Double = 2) -> [(document: Int, SampleRun.Outcome)] {
        right.enumerated().map { ($0, row($1, gap: gap)) }
    }

    static func row(_ right: Bool, gap: Double = 2) -> SampleRun.Outcome {
        [(loglikelihood: -3, greedy: false), (loglikelihood: right ? -3 - gap : -3 + gap, greedy: false)]
    }
}

extension SampleRun {
    func comparable() throws -> ComparableRun { try store.read { try ComparableRun($0, run: run) } }
}
