import Foundation
import Store
import Testing

@Suite("Processes that die")
struct FaultTests {
    /// A run of some ten seconds on the reference backend: time enough to kill something.
    static func slow() throws -> Demonstration {
        try Demonstration(benchmarks: ["piqa", "arc_easy", "winogrande"], vocabulary: 16384)
    }

    /// One slow demonstration for all tests that hurt a cluster, with what an undisturbed run of it stores.
    static let shared = Result {
        let demonstration = try slow()
        return (demonstration, rows: try undisturbed(demonstration))
    }

    /// What an undisturbed run stores.
    static func undisturbed(_ demonstration: Demonstration) throws -> [String: [UInt8]] {
        let store = demonstration.store("undisturbed")
        let result = try Programs.run(
            "coord", ["run", demonstration.job.path, "--store", store, "--backend", "reference"])
        #expect(result.status == 0, "\(result.errors)")
        return try storedRows(store)
    }

    @Test("workers that are killed in mid-run lose nothing and double nothing")
    func killedWorkers() throws {
        let (demonstration, expected) = try Self.shared.get()
        let store = demonstration.store("killed-workers")
        let running = try Programs.Running(
            "coord", ["run", demonstration.job.path, "--store", store, "--backend", "reference"])
        let run = try #require(waitForRows(in: store, atLeast: 1, while: { running.process.isRunning }))
        let workers = running.children
        #expect(workers.count == 2)
        for worker in workers { kill(worker, SIGKILL) }
        let result = running.wait()
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.contains("ended by signal 9; starting another in its place"), "\(result.errors)")
        #expect(try storedRows(store) == expected)
        try StoreReader(store).read { view in
            let epochs = try view.cells(run: run).flatMap { try view.scores(cell: $0.id).map(\.epoch) }
            #expect(epochs.contains { $0 > 1 }, "the killed workers held no lease")
            #expect(try view.disagreements(run: run).isEmpty)
        }
    }

    @Test("a coordinator that is killed goes on where it was, with the workers that it had")
    func killedCoordinator() throws {
        let (demonstration, expected) = try Self.shared.get()
        let site = try Site(demonstration)
        let first = try site.serve()
        let run = try site.submit()
        let worker = try site.work()
        try site.wait(for: 1, first)
        kill(first.process.processIdentifier, SIGKILL)
        _ = first.wait()
        let acknowledged = try storedRows(site.store)
        #expect(!acknowledged.isEmpty && acknowledged.count < expected.count)

        let second = try site.serve()
        #expect(try site.waitForEnd(second) == "complete")
        let status = try Programs.run("coord", ["status", run] + site.client())
        #expect(status.output.contains("complete"), "\(status.output)\(status.errors)")
        worker.process.terminate()
        #expect(worker.wait().status == 0)
        // It said Bye, so nobody waits for it.
        let empty = try Programs.run("coord", ["status"] + site.client())
        #expect(empty.output.contains("no workers"), "\(empty.output)\(empty.errors)")
        try site.expect(expected, after: second)
        let final = try storedRows(site.store)
        #expect(acknowledged.allSatisfy { final[$0.key] == $0.value })
    }
}
