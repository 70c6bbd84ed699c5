import Benchmarks
import Foundation
import Testing

/// The rows in `jobs/demo`, which a clone runs before it has any published data.
struct DemonstrationRowsTests {
    static let folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("jobs/demo")

    func load(_ benchmark: BenchmarkName) throws -> [Document] {
        let labels = benchmark == .piqa ? Self.folder.appendingPathComponent("piqa-labels.lst") : nil
        return try documents(
            benchmark: benchmark, data: Self.folder.appendingPathComponent("\(benchmark.rawValue).jsonl"),
            labels: labels)
    }

    @Test("twenty rows a benchmark load, all different", arguments: BenchmarkName.allCases)
    func count(_ benchmark: BenchmarkName) throws {
        let documents = try load(benchmark)
        #expect(documents.count == 20)
        #expect(Set(documents.map(\.docHash)).count == 20)
    }

    @Test("no choice is always right", arguments: BenchmarkName.allCases)
    func gold(_ benchmark: BenchmarkName) throws {
        let documents = try load(benchmark)
        guard benchmark != .lambadaOpenAI else {
            #expect(documents.allSatisfy { $0.gold == nil && $0.requests.count == 1 })
            return
        }
        let counts = Dictionary(grouping: documents) { $0.gold }.mapValues(\.count)
        #expect(counts.count >= documents[0].requests.count)
        #expect(counts.values.allSatisfy { $0 <= 10 })
    }

    @Test("ARC has questions with three, four and five choices", arguments: [BenchmarkName.arcEasy, .arcChallenge])
    func choices(_ benchmark: BenchmarkName) throws {
        let documents = try load(benchmark)
        #expect(Set(documents.map(\.requests.count)) == [3, 4, 5])
        #expect(documents.contains { $0.source.contains(#""label": ["1", "2", "3", "4"]"#) })
    }

    @Test("HellaSwag has scenes and instructions, and no tag is left in a request")
    func tags() throws {
        let documents = try load(.hellaswag)
        #expect(documents.contains { $0.source.contains("activitynet~") })
        #expect(documents.contains { $0.source.contains("[title]") })
        #expect(!documents.flatMap(\.requests).contains { ($0.context + $0.continuation).contains("[") })
    }
}
