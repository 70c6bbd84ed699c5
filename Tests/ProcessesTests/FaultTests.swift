import Foundation
import Store
import Testing

@Suite("Processes that die")
struct FaultTests {
    /// A run of some ten seconds on the reference backend: time enough to kill something.
    static func slow() throws -> Demonstration {
        try Demonstration(benchmarks: ["piqa", "arc_easy", "winogrande"], vocabulary: 16384)
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
        let demonstration = try Self.slow()
        let expected = try Self.undisturbed(demonstration)
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
        let demonstration = try Self.slow()
        let expected = try Self.undisturbed(demonstration)
        let store = demonstration.store("killed-coordinator")
        let keys = demonstration.folder.appendingPathComponent("keys").path
        let port = try freePort()
        let endpoint = "tcp://127.0.0.1:\(port)"
        let serve = ["serve", "--listen", endpoint, "--store", store, "--keys", keys, "--log-level", "warning"]
        let client = [
            "--coordinator", endpoint, "--key", "\(keys)/client", "--coordinator-key", "\(keys)/coordinator.pub",
        ]
        #expect(try Programs.run("coord", ["keygen", "--keys", keys]).status == 0)

        let first = try Programs.Running("coord", serve)
        let submitted = try Programs.run("coord", ["submit", demonstration.job.path] + client)
        #expect(submitted.status == 0, "\(submitted.errors)")
        let run = submitted.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let worker = try Programs.Running(
            "worker",
            [
                "--coordinator", endpoint, "--key", "\(keys)/worker", "--coordinator-key", "\(keys)/coordinator.pub",
                "--backend", "reference",
            ])
        #expect(waitForRows(in: store, atLeast: 1, while: { first.process.isRunning }) == run)
        kill(first.process.processIdentifier, SIGKILL)
        _ = first.wait()
        let acknowledged = try storedRows(store)
        #expect(!acknowledged.isEmpty && acknowledged.count < expected.count)

        let second = try Programs.Running("coord", serve)
        #expect(waitForRows(in: store, atLeast: expected.count, while: { second.process.isRunning }) == run)
        let status = try Programs.run("coord", ["status", run] + client)
        #expect(status.output.contains("complete"), "\(status.output)\(status.errors)")
        worker.process.terminate()
        #expect(worker.wait().status == 0)
        // It said Bye, so nobody waits for it.
        let empty = try Programs.run("coord", ["status"] + client)
        #expect(empty.output.contains("no workers"), "\(empty.output)\(empty.errors)")
        second.process.terminate()
        let ended = second.wait()
        #expect(ended.status == 0, "\(ended.errors)")
        let final = try storedRows(store)
        #expect(final == expected)
        #expect(acknowledged.allSatisfy { final[$0.key] == $0.value })
    }

    /// A port that was free a moment ago.
    private func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(bound)
        return UInt16(bigEndian: address.sin_port)
    }
}
