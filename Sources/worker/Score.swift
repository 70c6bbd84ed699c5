import ArgumentParser
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

    @OptionGroup var model: ModelArguments

    @Option(name: .long, help: "Requests that are scored together; the scores do not depend on it.")
    var batch = 64

    func validate() throws {
        guard batch > 0 else { throw ValidationError("--batch is at least 1") }
    }

    func run() throws {
        let (engine, reduction) = try model.open()
        try ModelArguments.answerLines(batch: batch) { (requests: [ScoringRequest]) in
            try engine.score(requests, reduction: reduction)
        }
    }
}
