import Foundation
import Jobs
import Mamba
import Testing

@Suite("Job files")
struct JobFileTests {
    static let folder = URL(fileURLWithPath: "/jobs", isDirectory: true)
    static let models = "name: quick\nmodels: [{id: tiny, path: models/tiny}]\ntokenizer: t.json\n"
    static let benchmarks = "benchmarks: [{name: piqa, data: p.jsonl, labels: p.lst, limit: 50}]\n"
    static let whole = models + benchmarks + "reductions: [none]\n"

    func read(_ text: String) throws -> JobFile {
        try JobFile(yaml: text, file: "job.yaml", folder: Self.folder)
    }

    @Test("relative paths start at the job file's folder, absolute ones stay")
    func paths() throws {
        let job = try read(Self.whole.replacingOccurrences(of: "t.json", with: "/data/t.json"))
        #expect(job.models.first?.path.path == "/jobs/models/tiny")
        #expect(job.tokenizer.path == "/data/t.json")
        #expect(job.benchmarks.first?.labels?.path == "/jobs/p.lst")
        #expect(job.benchmarks.first?.limit == 50)
        #expect(job.precision == .fp32)
    }

    @Test("lists sweep, and layers sweep as lists of lists")
    func sweeps() throws {
        let job = try read(
            Self.models + Self.benchmarks
                + """
                reductions:
                  - none
                  - { method: utrc, flops: [0.1, 0.2], layers: [12, 17], scope: [context, sequence] }
                  - { method: utrc, keep_ratio: 0.9, layers: [[1, 2], [3]] }
                """)
        #expect(job.reductions.count == 1 + 4 + 2)
        #expect(Set(job.reductions).count == job.reductions.count)
        #expect(job.reductions[1].canonicalJSON.contains("[12,17]"))
    }

    @Test("a job survives its canonical form")
    func canonical() throws {
        let job = try read(
            Self.models + Self.benchmarks
                + "reductions: [none, {method: utrc, flops: [0.1, 0.3], layers: [1], scope: sequence, align: position}]"
        )
        let again = try JobFile(yaml: job.canonicalJSON, file: "submitted", folder: URL(fileURLWithPath: "/elsewhere"))
        #expect(again == job)
    }

    @Test(
        "a mistake is named with its line and the way out",
        arguments: [
            ("name: x\nmodel: []\n", "job.yaml:2: unknown key 'model'", "known: name, models"),
            (
                models + "benchmarks: [{name: piqq, data: p}]\nreductions: [none]", "job.yaml:4:",
                "'piqq'; known: lambada"
            ),
            (models + benchmarks, "job.yaml:1:", "no 'reductions'"),
            (models + benchmarks + "reductions: [utrk]", "job.yaml:5:", "'utrk'"),
            (models + benchmarks + "reductions:\n  - method: utrc\n    keep_ratio: 1.5\n", "job.yaml:7:", "keep_ratio"),
            (
                models + benchmarks + "reductions:\n  - method: utrc\n    flops: 0.1\n    metod: x\n", "job.yaml:8:",
                "metod"
            ),
            (models + benchmarks + "reductions: [none, none]", "job.yaml:5:", "twice"),
            (models + benchmarks + "reductions: []", "job.yaml:5:", "at least one"),
            (whole + "precision: fp8", "job.yaml:6:", "'fp8'; known: fp32"),
            (whole.replacingOccurrences(of: "limit: 50", with: "limit: 0"), "job.yaml:4:", "above 0"),
            (whole.replacingOccurrences(of: "quick", with: "../quick"), "job.yaml:1:", "letters"),
            ("name: [", "job.yaml:", "not YAML"),
            ("name: a\nname: b\n", "job.yaml:", "'name' occurs more than once"),
            ("- a\n- b\n", "job.yaml:1:", "found a list"),
            ("", "job.yaml:1:", "empty"),
            (models.replacingOccurrences(of: ", path: models/tiny", with: "") + benchmarks, "job.yaml:2:", "no 'path'"),
        ])
    func mistakes(text: String, place: String, advice: String) throws {
        let error = try #require(throws: JobFileError.self) { try read(text) }
        #expect("\(error)".hasPrefix(place), "\(error)")
        #expect("\(error)".contains(advice), "\(error)")
    }

    @Test("a file that is not there is named")
    func absent() throws {
        let error = try #require(throws: JobFileError.self) {
            try JobFile(contentsOf: URL(fileURLWithPath: "/nowhere/job.yaml"))
        }
        #expect("\(error)".contains("/nowhere/job.yaml"))
        #expect("\(error)".contains("No such file"))
    }
}
