import ArgumentParser
import Foundation
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

    @OptionGroup var model: ModelArguments

    @Option(name: .long, help: "Tokens to generate where a request does not say how many.")
    var maxNewTokens = 64

    @Option(name: .long, help: "A token id that ends a sequence once it is generated.")
    var stop: Int32?

    @Option(
        name: .long, help: "Sequences that are generated together; the tokens do not depend on it.")
    var batch = 16

    func validate() throws {
        guard batch > 0 else { throw ValidationError("--batch is at least 1") }
        guard maxNewTokens > 0 else { throw ValidationError("--max-new-tokens is at least 1") }
    }

    func run() throws {
        let (engine, reduction) = try model.open()
        let limits = GenerationLimits(newTokens: maxNewTokens, batch: batch, stop: stop)
        var times = GenerationTimes()
        try ModelArguments.answerLines(batch: batch) { (requests: [GenerationRequest]) in
            try engine.generate(requests, reduction: reduction, within: limits, times: &times)
        }
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
