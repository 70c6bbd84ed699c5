import Foundation
import Testing

/// What users get wrong: a clear error that names the thing and the place, and never a crash.
@Suite("Bad input on the command line")
struct BadInputTests {
    /// Runs a program in a folder that holds the demonstration, and expects it to fail with the words.
    private func expect(
        _ program: String, _ arguments: [String], status: Int32, says words: [String], input: String? = nil
    ) throws {
        let result = try Programs.run(program, arguments, input: input)
        #expect(result.status == status, "\(arguments): status \(result.status), \(result.errors)")
        for word in words { #expect(result.errors.contains(word), "\(arguments): \(result.errors)") }
    }

    @Test("a job that names what is not there ends with 3 and the way to get it")
    func missing() throws {
        let demonstration = try Demonstration(benchmarks: ["piqa"])
        let text = try String(contentsOf: demonstration.job, encoding: .utf8)
            .replacingOccurrences(of: "path: model", with: "path: nowhere")
            .replacingOccurrences(of: "piqa.jsonl", with: "absent.jsonl")
        try Data(text.utf8).write(to: demonstration.job)
        let words = [
            "model tiny: nothing at", "nowhere", "rows of piqa", "absent.jsonl", "coord make-model --shape tiny",
        ]
        let store = demonstration.store("missing")
        try expect("coord", ["run", demonstration.job.path, "--store", store], status: 3, says: words)
        #expect(!FileManager.default.fileExists(atPath: store))
        let dry = try Programs.run("coord", ["submit", "--dry-run", demonstration.job.path])
        #expect(dry.status == 3)
        for word in words { #expect(dry.output.contains(word), "\(dry.output)") }
    }

    @Test("a mistake in a job file is named with its line")
    func jobFile() throws {
        let demonstration = try Demonstration(benchmarks: ["piqa"], reductions: "[{method: utrk, keep_ratio: 0.5}]")
        try expect(
            "coord", ["run", demonstration.job.path], status: 1, says: ["job.yaml:", "'utrk'", "known: none, utrc"])
        try expect("coord", ["run", "/nowhere.yaml"], status: 1, says: ["/nowhere.yaml", "No such file"])
        try expect("coord", ["submit", "--dry-run", "/nowhere.yaml"], status: 1, says: ["/nowhere.yaml"])
    }

    @Test("a reduction that does not fit the model names both")
    func layers() throws {
        let demonstration = try Demonstration(
            benchmarks: ["piqa"], reductions: "[{method: utrc, keep_ratio: 0.5, layers: [9]}]")
        try expect("coord", ["run", demonstration.job.path], status: 1, says: ["model tiny", "layer 9", "0 to 3"])
    }

    @Test("a checkpoint that is cut short names the file")
    func truncated() throws {
        let demonstration = try Demonstration(benchmarks: ["piqa"])
        let weights = demonstration.folder.appendingPathComponent("model/model.safetensors")
        let handle = try FileHandle(forWritingTo: weights)
        try handle.truncate(atOffset: 1000)
        try handle.close()
        let model = weights.deletingLastPathComponent().path
        try expect("coord", ["inspect", model], status: 1, says: ["model.safetensors"])
        try expect("coord", ["run", demonstration.job.path], status: 1, says: ["model.safetensors"])
        try expect("worker", ["score", "--model", model], status: 1, says: ["model.safetensors"], input: "")
    }

    @Test("bad rows are named with file and line")
    func rows() throws {
        let demonstration = try Demonstration(benchmarks: ["piqa"])
        let rows = demonstration.folder.appendingPathComponent("rows.jsonl")
        try Data("{\"goal\":\"a\",\"sol1\":\"b\",\"label\":0}\n".utf8).write(to: rows)
        let tokenizer = Programs.repository.appendingPathComponent("jobs/demo/tokenizer.json").path
        try expect(
            "coord", ["requests", "--benchmark", "piqa", "--data", rows.path, "--tokenizer", tokenizer], status: 1,
            says: ["rows.jsonl:1", "'sol2'"])
        try expect(
            "coord", ["requests", "--benchmark", "piqa", "--data", rows.path, "--tokenizer", rows.path], status: 1,
            says: ["rows.jsonl"])
    }

    @Test("requests that cannot be scored are named")
    func requests() throws {
        let demonstration = try Demonstration(benchmarks: ["piqa"])
        let model = demonstration.folder.appendingPathComponent("model").path
        let score = ["score", "--model", model]
        try expect(
            "worker", score, status: 64, says: ["standard input:2", "not a request"],
            input: """
                {"id":"a","context":[1],"continuations":[[2]]}
                {"id":"b","context":[1]}

                """)
        try expect(
            "worker", score, status: 1, says: ["'a'", "99999"],
            input: #"{"id":"a","context":[99999],"continuations":[[2]]}"# + "\n")
        try expect("worker", score + ["--reduction", "{"], status: 1, says: ["not JSON"], input: "")
        try expect(
            "worker", score + ["--reduction", #"{"method":"utrc","keep_ratio":2}"#], status: 1, says: ["keep_ratio 2"],
            input: "")
    }

    @Test("a store that is something else, or in use, is left alone")
    func stores() throws {
        let demonstration = try Demonstration(benchmarks: ["piqa"])
        let text = demonstration.folder.appendingPathComponent("notes.txt")
        try Data(String(repeating: "not a database ", count: 100).utf8).write(to: text)
        try expect("coord", ["run", demonstration.job.path, "--store", text.path], status: 1, says: ["notes.txt"])
        try expect("coord", ["report", "--store", text.path], status: 1, says: ["notes.txt"])
        try expect("coord", ["report", "--store", "/nowhere.sqlite"], status: 1, says: ["/nowhere.sqlite", "no such"])
        #expect(try String(contentsOf: text, encoding: .utf8).hasPrefix("not a database"))
    }

    @Test("a key that the coordinator does not list gets nothing, and is told so")
    func unknownKey() throws {
        let folder = try Scratch.folder()
        let (keys, others) = (folder.appendingPathComponent("keys").path, folder.appendingPathComponent("others").path)
        for path in [keys, others] { #expect(try Programs.run("coord", ["keygen", "--keys", path]).status == 0) }
        let endpoint = "ipc://\(folder.appendingPathComponent("socket").path)"
        let serve = try Programs.Running(
            "coord",
            ["serve", "--listen", endpoint, "--keys", keys, "--store", folder.appendingPathComponent("s.sqlite").path])
        let place = ["--coordinator", endpoint, "--coordinator-key", "\(keys)/coordinator.pub"]
        try expect(
            "coord", ["status", "--key", "\(others)/client"] + place, status: 1, says: ["does not admit the key"])
        try expect(
            "coord", ["status", "--key", "\(keys)/worker"] + place, status: 1,
            says: ["worker (", "role worker", "may not"])
        let admitted = try Programs.run("coord", ["status", "--key", "\(keys)/client"] + place)
        #expect(admitted.status == 0 && admitted.output.contains("no runs yet"), "\(admitted.errors)")
        serve.process.terminate()
        #expect(serve.wait().status == 0)
    }

    @Test("nobody answers: a client says what to check")
    func nobody() throws {
        let keys = try Scratch.folder().appendingPathComponent("keys").path
        #expect(try Programs.run("coord", ["keygen", "--keys", keys]).status == 0)
        try expect(
            "coord",
            [
                "status", "--coordinator", "ipc:///nowhere/at/all", "--key", "\(keys)/client", "--coordinator-key",
                "\(keys)/coordinator.pub",
            ], status: 1, says: ["ipc:///nowhere/at/all"])
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: "\(keys)/client")
        try expect(
            "coord", ["status", "--key", "\(keys)/client", "--coordinator-key", "\(keys)/coordinator.pub"], status: 1,
            says: ["chmod 600"])
    }
}
