import ArgumentParser
import Backends
import Daemons
import Foundation
import Mamba
import Operations
import Scoring

/// `worker score`: rates requests from standard input, without a cluster.
struct Score: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Score requests from standard input, one JSON object a line.",
        discussion: """
            A request: {"id":"a","context":[1,2],"continuations":[[3,4],[5]]}
            Its answer: {"id":"a","scores":[{"loglikelihood":-1.2,"per_token":[-0.5,-0.7],"greedy":false,\
            "positions":[0],…},…]}
            """)

    @Option(name: .long, help: "The checkpoint's folder.", completion: .directory)
    var model: String

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The token reduction, as JSON with a job file's keys.",
            discussion: #"For example {"method":"utrc","flops":0.2,"layers":[2,4]}."#))
    var reduction = #"{"method":"none"}"#

    @Option(name: .long, help: "How products are computed: fp32 or bf16.")
    var precision: Precision = .fp32

    @OptionGroup var engine: EngineArguments

    @Option(name: .long, help: "Requests that are scored together; the scores do not depend on it.")
    var batch = 64

    func validate() throws {
        guard batch > 0 else { throw ValidationError("--batch is at least 1") }
    }

    func run() throws {
        let reduction = try Reduction(json: Data(reduction.utf8))
        let options = try engine.options(precision: precision)
        let engine = try Engine(model: URL(fileURLWithPath: model), options: options)
        var pending: [ScoringRequest] = []
        var line = 0
        while let text = readLine(strippingNewline: true) {
            line += 1
            if text.allSatisfy(\.isWhitespace) { continue }
            do {
                pending.append(try JSONDecoder().decode(ScoringRequest.self, from: Data(text.utf8)))
            } catch {
                throw ValidationError("standard input:\(line): not a request: \(describe(error))")
            }
            if pending.count == batch { try flush(&pending, with: engine, reduction) }
        }
        try flush(&pending, with: engine, reduction)
    }

    private func flush(_ pending: inout [ScoringRequest], with engine: Engine, _ reduction: Reduction) throws {
        for answer in try engine.score(pending, reduction: reduction) {
            FileHandle.standardOutput.write(try JSONLine.encode(answer))
        }
        pending.removeAll(keepingCapacity: true)
    }
}

/// What a decoding error says of the text.
func describe(_ error: any Error) -> String {
    switch error {
    case DecodingError.keyNotFound(let key, _): "no key '\(key.stringValue)'"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
        "'\(context.codingPath.map(\.stringValue).joined(separator: "."))': \(context.debugDescription)"
    case DecodingError.dataCorrupted(let context): context.debugDescription
    default: "\(error)"
    }
}
