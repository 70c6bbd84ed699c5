import ArgumentParser
import Daemons
import Foundation
import Mamba
import Operations
import Scoring

/// `worker generate`: goes on from prompts from standard input, without a cluster.
struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Go on from prompts from standard input, one JSON object a line, greedily.",
        discussion: """
            A request: {"id":"a","tokens":[1,2],"max_new_tokens":3}
            Its answer: {"id":"a","log_probabilities":[-0.5,-0.7,-0.1],"positions":[0],"tokens":[5,9,2]}
            A reduction sheds tokens of the prompt; "positions" are the rows of it that survive, the last token's \
            aside. Tokens per second go to standard error.
            """)

    @Option(name: .long, help: "The checkpoint's folder.", completion: .directory)
    var model: String

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The prompts' token reduction, as JSON with a job file's keys.",
            discussion: #"For example {"method":"utrc","flops":0.2,"layers":[2,4]}."#))
    var reduction = #"{"method":"none"}"#

    @Option(name: .long, help: "Tokens to generate where a request does not say how many.")
    var maxNewTokens = 64

    @Option(name: .long, help: "A token id that ends a sequence once it is generated.")
    var stop: Int32?

    @Option(
        name: .long, help: "Sequences that are generated together; the tokens do not depend on it.")
    var batch = 16

    @Option(name: .long, help: "How products are computed: fp32 or bf16.")
    var precision: Precision = .fp32

    @OptionGroup var engine: EngineArguments

    func validate() throws {
        guard batch > 0 else { throw ValidationError("--batch is at least 1") }
        guard maxNewTokens > 0 else { throw ValidationError("--max-new-tokens is at least 1") }
    }

    func run() throws {
        let reduction = try Reduction(json: Data(reduction.utf8))
        let options = try engine.options(precision: precision)
        let engine = try Engine(model: URL(fileURLWithPath: model), options: options)
        var times = GenerationTimes()
        var pending: [GenerationRequest] = []
        func flush() throws {
            let answers = try engine.generate(
                pending, reduction: reduction,
                within: GenerationLimits(newTokens: maxNewTokens, batch: batch, stop: stop), times: &times)
            for answer in answers { FileHandle.standardOutput.write(try JSONLine.encode(answer)) }
            pending.removeAll(keepingCapacity: true)
        }
        var line = 0
        while let text = readLine(strippingNewline: true) {
            line += 1
            if text.allSatisfy(\.isWhitespace) { continue }
            do {
                pending.append(try JSONDecoder().decode(GenerationRequest.self, from: Data(text.utf8)))
            } catch {
                throw ValidationError("standard input:\(line): not a request: \(describe(error))")
            }
            if pending.count == batch { try flush() }
        }
        try flush()
        FileHandle.standardError.write(Data((Self.summary(times) + "\n").utf8))
    }

    private static func summary(_ times: GenerationTimes) -> String {
        func rate(_ count: Int, _ seconds: Double) -> String {
            String(format: "%d tokens, %.1f tokens/s", count, seconds > 0 ? Double(count) / seconds : 0)
        }
        return "prompts: \(rate(times.promptTokens, times.promptSeconds)) · "
            + "generated: \(rate(times.newTokens, times.stepSeconds)) in \(times.steps) steps"
    }
}
