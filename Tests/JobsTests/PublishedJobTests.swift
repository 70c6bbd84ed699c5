import Benchmarks
import Foundation
import Jobs
import Mamba
import Testing

/// The job files of the repository.
enum PublishedJobs {
    static let folder: URL = {
        var folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<3 { folder.deleteLastPathComponent() }
        return folder.appendingPathComponent("jobs")
    }()

    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.sorted()
    }()

    static func read(_ name: String) throws -> JobFile {
        try JobFile(contentsOf: folder.appendingPathComponent(name))
    }
}

@Suite("The repository's jobs")
struct PublishedJobTests {
    @Test(
        "every file loads, fits its models, and lacks nothing but what can be fetched", arguments: PublishedJobs.names)
    func loads(name: String) throws {
        let job = try PublishedJobs.read(name)
        let text = try String(contentsOf: PublishedJobs.folder.appendingPathComponent(name), encoding: .utf8)
        #expect(text.hasPrefix("# yaml-language-server: $schema=schema.json\n"))
        #expect(job.name + ".yaml" == name)
        #expect(try JobFile(canonicalJSON: job.canonicalJSON) == job)
        let dry = try DryRun(job, planner: Planner(locator: NoInputs()))
        let work = job.benchmarks.count + job.measures.count
        #expect(dry.cells.count == job.models.map { job.reductions(of: $0).count }.reduce(0, +) * work)
        guard job.measures.isEmpty else { return #expect(dry.missing.isEmpty) }
        guard name != "quick.yaml" else { return }
        #expect(dry.missing.count == job.models.count + 1 + job.benchmarks.count)
        for missing in dry.missing where missing.what != "rows of hellaswag" {
            #expect(missing.remedy.hasPrefix("coord fetch "), "\(missing)")
        }
    }

    @Test(
        "the jobs of the tables have the tables' rows",
        arguments: [
            ("paper-table1", ["mamba2-1.3b": 7, "mamba2-2.7b": 10]),
            ("paper-table2", ["mamba-1.4b": 7, "mamba-2.8b": 10]),
            ("paper-table3", ["mamba2-2.7b": 4, "mamba-2.8b": 4]),
            ("paper-table4", ["mamba2-2.7b": 6]),
            ("paper-table5", ["mamba2-2.7b": 7]),
            ("paper-table6", ["mamba2-2.7b": 7]),
            ("full", ["mamba2-1.3b": 13, "mamba2-2.7b": 13, "mamba-1.4b": 13, "mamba-2.8b": 13]),
        ])
    func tables(name: String, rows: [String: Int]) throws {
        let job = try PublishedJobs.read(name + ".yaml")
        let found = job.models.map { ($0.id, job.reductions(of: $0).count) }
        #expect(Dictionary(uniqueKeysWithValues: found) == rows)
        #expect(job.benchmarks.map(\.name) == BenchmarkName.allCases)
        #expect(
            job.models.flatMap { job.reductions(of: $0) }.allSatisfy { $0.method == .none || $0.scope == .sequence })
    }

    @Test("the last list of Table 4 is the paper's schedule")
    func schedule() throws {
        let last = try PublishedJobs.read("paper-table4.yaml").reductions.last
        #expect(try last?.resolvedLayers(layerCount: 64) == Reduction.paperSchedules[64])
    }

    @Test("the leak-free grid is the paper's in context scope")
    func leakFree() throws {
        let (full, leakFree) = try (PublishedJobs.read("full.yaml"), PublishedJobs.read("leak-free.yaml"))
        #expect(leakFree.reductions.allSatisfy { $0.scope == .context })
        #expect(leakFree.reductions.map(\.method) == full.reductions.map(\.method))
        #expect(leakFree.reductions.map(\.flops) == full.reductions.map(\.flops))
        #expect(leakFree.models == full.models)
    }

    @Test("the audit has for every amount and scope both variants of each method and every control")
    func audit() throws {
        let reductions = try PublishedJobs.read("audit.yaml").reductions
        #expect(reductions.count == 73)
        for scope in Reduction.Scope.allCases {
            for flops in [0.1, 0.2, 0.3] {
                let alike = reductions.filter { $0.scope == scope && $0.flops == flops }
                #expect(alike.count { $0.variant == .released } == 3)
                #expect(alike.count { $0.method == .front } == 1)
                #expect(Set(alike.filter { $0.method == .random }.map(\.seed)).count == 5)
                #expect(alike.count == 12)
            }
        }
    }
}
