import Benchmarks
import Hashing
import OrderedJSON
import Store

/// The lines of a `samples_TASK_TIME.jsonl`: one object a document.
struct HarnessSamples {
    /// Every line ended.
    private(set) var text = ""
    /// SHA-256 over the documents' hashes, as in the harness's `task_hashes`.
    let taskHash: String

    init(_ scores: CellScores) {
        var hashes = ""
        for scored in scores.scored {
            let document = scored.document
            let prompt = sha256(document.prompts.first?.context ?? "")
            let target = sha256(document.target)
            hashes += document.documentHash + prompt + target
            text += HarnessSamples.line(scored, scores.benchmark, promptHash: prompt, targetHash: target) + "\n"
        }
        taskHash = sha256(hashes)
    }

    private static func line(
        _ scored: CellScores.Scored, _ benchmark: BenchmarkName, promptHash: String, targetHash: String
    ) -> String {
        let arguments = scored.document.prompts.enumerated().map { index, prompt in
            (
                "gen_args_\(index)",
                JSONText.object([("arg_0", .string(prompt.context)), ("arg_1", .string(prompt.continuation))])
            )
        }
        let responses = scored.score.choices.map { choice in
            JSONText.array([.string(choice.loglikelihood.description), .string(choice.greedy ? "True" : "False")])
        }
        let metrics = benchmark.description.metrics.compactMap { metric in
            scored.metrics[metric].map { (metric.rawValue, value($0, metric, benchmark)) }
        }
        return JSONText.object(
            [
                ("doc_id", .integer(scored.document.index)), ("doc", .raw(scored.document.document)),
                ("target", .string(scored.document.target)), ("arguments", .object(arguments)),
                ("resps", .array(responses.map { .array([$0]) })), ("filtered_resps", .array(responses)),
                ("filter", .string("none")), ("metrics", .array(metrics.map { .string($0.0) })),
                ("doc_hash", .string(scored.document.documentHash)), ("prompt_hash", .string(promptHash)),
                ("target_hash", .string(targetHash)),
            ] + metrics
        ).text()
    }

    /// The harness counts a greedy continuation as an integer, a right choice as a float.
    private static func value(_ value: Double, _ metric: Metric, _ benchmark: BenchmarkName) -> JSONText {
        if metric == .accuracy && benchmark.description.outputType == .loglikelihood { return .integer(Int(value)) }
        return .exact(value)
    }
}
