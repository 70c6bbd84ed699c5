import Foundation
import Jobs
import Mamba
import Operations
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
        #expect(job.models.first?.source == .folder(URL(fileURLWithPath: "/jobs/models/tiny")))
        #expect(job.tokenizer?.path == "/data/t.json")
        #expect(job.benchmarks.first?.labels?.path == "/jobs/p.lst")
        #expect(job.benchmarks.first?.limit == 50)
    }

    @Test(
        "products are in fp32 unless the job asks for others, and the job's canonical text says which",
        arguments: [Precision.bf16, .fp16])
    func precision(asked: Precision) throws {
        #expect(try read(Self.whole).precision == .fp32)
        let job = try read(Self.whole + "precision: \(asked)\n")
        #expect(job.precision == asked)
        #expect(job.canonicalJSON.contains(#""precision":"\#(asked)""#))
        #expect(try read(job.canonicalJSON) == job)
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

    @Test("what every model is evaluated under comes first, then what one model is alone")
    func ownReductions() throws {
        let job = try read(
            """
            name: depths
            models:
              - mamba-1.4b
              - { id: mamba-2.8b, reductions: [{ method: utrc, flops: 0.3, layers: [[12, 17], [20, 25]] }] }
            benchmarks: [piqa]
            reductions: [none, { method: utrc, flops: [0.1, 0.2] }]
            """)
        let amounts = job.models.map { job.reductions(of: $0).map(\.flops) }
        #expect(amounts == [[nil, 0.1, 0.2], [nil, 0.1, 0.2, 0.3, 0.3]])
        #expect(job.reductions(of: job.models[1]).last?.layers == [20, 25])
    }

    @Test("a published name stands for its repository, and a hub's repository may be pinned to a commit")
    func names() throws {
        let commit = String(repeating: "0a", count: 20)
        let job = try read(
            """
            name: named
            models: [mamba2-1.3b, { id: mine, hub: me/mine, revision: \(commit) }]
            benchmarks: [arc_easy, { name: piqa, limit: 3 }]
            reductions: [none]
            """)
        #expect(job.models[0].source == .hub(repository: "state-spaces/mamba2-1.3b", revision: nil))
        #expect(job.models[1].source == .hub(repository: "me/mine", revision: commit))
        #expect(job.tokenizer == nil)
        #expect(job.benchmarks.map(\.data) == [nil, nil])
    }

    @Test("aliases stand for what they name")
    func aliases() throws {
        let job = try read(
            Self.models + Self.benchmarks
                + "reductions: [{method: utrc, flops: 0.1, layers: &l [1]}, {method: evit, flops: 0.1, layers: *l}]")
        #expect(job.reductions.map(\.layers) == [[1], [1]])
    }

    @Test(
        "a job survives its canonical form, and only an equal job has the same",
        arguments: [
            "reductions: [none, {method: utrc, flops: [0.1, 0.3], layers: [1], scope: sequence, align: position}]",
            "reductions: [none, {method: utrc, keep_ratio: [0.9, 0.95], layers: [1]}]",
        ])
    func canonical(reductions: String) throws {
        let texts = [
            Self.models + Self.benchmarks + reductions,
            Self.models.replacingOccurrences(of: "tokenizer: t.json\n", with: "") + Self.benchmarks + reductions,
            "name: a\nmodels: [{id: tiny, hub: a/b}]\nbenchmarks: [piqa]\n" + reductions,
            "name: a\nmodels: [{id: tiny, hub: a/b, revision: \(String(repeating: "f", count: 40))}]\nbenchmarks: [piqa]\n"
                + reductions,
            "name: a\nmodels: [{id: tiny, hub: a/b, \(reductions)}]\nbenchmarks: [piqa]\n",
            "name: a\nmodels: [mamba-130m]\nbenchmarks: [piqa]\n" + reductions,
        ]
        let jobs = try texts.map(read)
        for job in jobs {
            #expect(try JobFile(canonicalJSON: job.canonicalJSON) == job)
            let elsewhere = URL(fileURLWithPath: "/elsewhere")
            #expect(try JobFile(yaml: job.canonicalJSON, file: "submitted", folder: elsewhere) == job)
        }
        #expect(Set(jobs.map(\.canonicalJSON)).count == jobs.count)
    }

    @Test("a coordinator reads JSON only")
    func submitted() throws {
        for text in [Self.whole, "", "[]", "{", "{\"name\": *a}"] {
            let error = try #require(throws: JobFileError.self) { try JobFile(canonicalJSON: text) }
            #expect("\(error)".hasPrefix("the submitted job: is not a JSON object"))
        }
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
