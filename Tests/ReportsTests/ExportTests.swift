import Benchmarks
import Foundation
import Reports
import TestSupport
import Testing

@Suite("The export in lm-evaluation-harness's layout")
struct ExportTests {
    func export(_ sample: SampleRun) throws -> [String: String] {
        let folder = try TemporaryFolder()
        let files = try sample.store.read {
            try HarnessExport.write($0, run: "r1", to: folder.url, bootstrapIterations: 0)
        }
        return Dictionary(
            uniqueKeysWithValues: try files.map {
                (
                    $0.path.replacingOccurrences(of: folder.url.path + "/", with: ""),
                    try String(contentsOf: $0, encoding: .utf8)
                )
            })
    }

    @Test("gives each model and reduction a folder of its own")
    func folders() throws {
        let sample = try SampleRun(
            [(.piqa, [Document.twoChoices(0)])],
            reductions: [#"{"method":"none"}"#, #"{"flops":0.1,"method":"utrc"}"#, #"{"flops":0.2,"method":"utrc"}"#])
        let time = "2023-11-14T22-13-20.250000"
        let folders = ["tiny__none__fp32", "tiny__utrc_flops=0.1__fp32", "tiny__utrc_flops=0.2__fp32"]
        #expect(
            try export(sample).keys.sorted()
                == folders.flatMap { ["\($0)/results_\(time).json", "\($0)/samples_piqa_\(time).jsonl"] })
    }

    @Test("writes a document's line as the harness does")
    func line() throws {
        let sample = try SampleRun([(.piqa, [Document.twoChoices(7)])])
        try sample.score(cell: 0, [(7, [(-1.5, true), (-.infinity, false)])])
        let line = try #require(try export(sample).first { $0.key.contains("samples") }?.value)
        // SHA-256 of the prompt and of "0".
        let hashes = [
            "9a56a46015f12cc509442b65bcf7810ceb562c57b6482637736c1b9641923ff5",
            "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9",
        ]
        let prefix = """
            {"doc_id": 7, "doc": {"goal": "g7", "label": 0}, "target": "0", "arguments": \
            {"gen_args_0": {"arg_0": "Question: g7\\nAnswer:", "arg_1": " yes"}, \
            "gen_args_1": {"arg_0": "Question: g7\\nAnswer:", "arg_1": " not at all"}}, \
            "resps": [[["-1.5", "True"]], [["-inf", "False"]]], \
            "filtered_resps": [["-1.5", "True"], ["-inf", "False"]], "filter": "none", \
            "metrics": ["acc", "acc_norm"], "doc_hash": "\(SampleRun.hash)", "prompt_hash": "\(hashes[0])"
            """
        #expect(line.hasPrefix(prefix))
        #expect(line.hasSuffix("\"target_hash\": \"\(hashes[1])\", \"acc\": 1.0, \"acc_norm\": 1.0}\n"))
    }

    @Test("keeps numbers that JSON does not know as text, which Python's float reads")
    func notNumbers() throws {
        let sample = try SampleRun([(.lambadaOpenAI, [Document.lastWord(0)])])
        try sample.score(cell: 0, [(0, [(-.infinity, false)])])
        for (name, text) in try export(sample) {
            for line in name.hasSuffix("jsonl") ? text.split(separator: "\n").map(String.init) : [text] {
                #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
            }
            #expect(text.contains(name.hasSuffix("jsonl") ? #""perplexity": "-inf""# : #""perplexity,none": "inf""#))
        }
    }
}
