import ArgumentParser
import Daemons
import Foundation
import Mamba
import Operations
import Scoring

/// The options of commands that take requests from standard input: the model, its reduction and where it runs.
struct ModelArguments: ParsableArguments {
    @Option(name: .long, help: "The checkpoint's folder.", completion: .directory)
    var model: String

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The token reduction, as JSON with a job file's keys; of a prompt, where one is gone on from.",
            discussion: #"For example {"method":"utrc","flops":0.2,"layers":[2,4]}."#))
    var reduction = #"{"method":"none"}"#

    @Option(name: .long, help: "How products are computed: fp32, bf16 or, on a GPU, fp16.")
    var precision: Precision = .fp32

    @OptionGroup var engine: EngineArguments

    /// The engine with the model in it, and the reduction.
    func open() throws -> (Engine, Reduction) {
        let reduction = try Reduction(json: Data(reduction.utf8))
        let engine = try Engine(
            model: URL(fileURLWithPath: model), options: engine.options(precision: precision))
        return (engine, reduction)
    }

    /// Calls `answer` with the requests of standard input, one JSON object a line, `batch` at a time, and prints what
    /// it returns, one a line.
    ///
    /// - Throws: `ValidationError` for a line that is no request, naming it.
    static func answerLines<Request: Decodable, Answer: Encodable>(
        batch: Int, _ answer: ([Request]) throws -> [Answer]
    ) throws {
        var pending: [Request] = []
        func flush() throws {
            for line in try answer(pending) { FileHandle.standardOutput.write(try JSONLine.encode(line)) }
            pending.removeAll(keepingCapacity: true)
        }
        var number = 0
        while let text = readLine(strippingNewline: true) {
            number += 1
            if text.allSatisfy(\.isWhitespace) { continue }
            do {
                pending.append(try JSONDecoder().decode(Request.self, from: Data(text.utf8)))
            } catch {
                throw ValidationError("standard input:\(number): not a request: \(describe(error))")
            }
            if pending.count == batch { try flush() }
        }
        try flush()
    }

    /// What a decoding error says of the text.
    private static func describe(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "no key '\(key.stringValue)'"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "'\(context.codingPath.map(\.stringValue).joined(separator: "."))': \(context.debugDescription)"
        case DecodingError.dataCorrupted(let context): context.debugDescription
        default: "\(error)"
        }
    }
}
