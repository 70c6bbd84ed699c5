import Foundation
import ModelFiles
import Store

/// A job over the demonstration's rows with a small random model, in a folder of its own.
struct Demonstration {
    let folder: URL
    var job: URL { folder.appendingPathComponent("job.yaml") }

    /// - Parameters:
    ///   - reductions: YAML, in flow style.
    ///   - vocabulary: rows of the model's embedding; many make the head, and so the run, slow.
    init(
        benchmarks: [String] = ["lambada_openai", "hellaswag", "piqa", "arc_easy", "arc_challenge", "winogrande"],
        reductions: String = "[none, {method: utrc, keep_ratio: 0.7, layers: [1, 2]}]",
        vocabulary: Int = 1024, precision: String = "fp32"
    ) throws {
        folder = try Scratch.folder()
        try RandomCheckpoint.write(
            .tiny, seed: 1, vocabulary: vocabulary, to: folder.appendingPathComponent("model"))
        let rows = Programs.repository.appendingPathComponent("jobs/demo").path
        let lines = benchmarks.map { name in
            let labels = name == "piqa" ? ", labels: \(rows)/piqa-labels.lst" : ""
            return "  - { name: \(name), data: \(rows)/\(name).jsonl\(labels) }"
        }
        let text = """
            name: demonstration
            models: [{ id: tiny, path: model }]
            tokenizer: \(rows)/tokenizer.json
            benchmarks:
            \(lines.joined(separator: "\n"))
            reductions: \(reductions)
            precision: \(precision)
            """
        try Data(text.utf8).write(to: job)
    }

    func store(_ name: String) -> String { folder.appendingPathComponent("\(name).sqlite").path }
}

/// Every stored row of a run, by default the store's latest: where it belongs, and the hash of its bits.
func storedRows(_ store: String, of run: String? = nil) throws -> [String: [UInt8]] {
    try StoreReader(store).read { view in
        guard let run = try run ?? view.runs().last?.run else { return [:] }
        var rows: [String: [UInt8]] = [:]
        for cell in try view.cells(run: run) {
            for score in try view.scores(cell: cell.id) {
                rows["\(cell.model) \(cell.reduction) \(cell.benchmark) \(score.example)"] = score.digest
            }
        }
        return rows
    }
}
