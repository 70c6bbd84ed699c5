import Daemons
import Foundation
import Messaging
import Store
import Testing

/// Faults 1, 2, 4, 8, 17, 21 and 22 of the protocol's list, with real processes. Clock steps (22) are not here: every
/// deadline is monotonic, which the simulation shows.
@Suite("Processes that stop, go and come")
struct SignalTests {
    @Test("a stopped worker's work is done elsewhere, and what it says when it goes on changes nothing")
    func stoppedWorker() throws {
        let (demonstration, expected) = try FaultTests.shared.get()
        let site = try Site(demonstration)
        try site.makeKey("other")
        let coordinator = try site.serve()
        _ = try site.submit()
        let worker = try site.work()
        try site.wait(for: 1, coordinator)
        worker.signal(SIGSTOP)
        let other = try site.work("other")
        #expect(coordinator.waitToSay("worker left: silent"))
        worker.signal(SIGCONT)
        #expect(try site.waitForEnd(coordinator) == "complete")
        for process in [worker, other] { process.process.terminate() }
        for process in [worker, other] { #expect(process.wait().status == 0, "\(process.errors)") }
        try site.expect(expected, after: coordinator)
    }

    @Test("a coordinator that is stopped for longer than the workers' patience goes on with them")
    func stoppedCoordinator() throws {
        let (demonstration, expected) = try FaultTests.shared.get()
        let site = try Site(demonstration)
        let coordinator = try site.serve()
        _ = try site.submit()
        let worker = try site.work()
        try site.wait(for: 1, coordinator)
        coordinator.signal(SIGSTOP)
        #expect(worker.waitToSay("no word from the coordinator"))
        coordinator.signal(SIGCONT)
        #expect(try site.waitForEnd(coordinator) == "complete")
        worker.process.terminate()
        #expect(worker.wait().status == 0, "\(worker.errors)")
        try site.expect(expected, after: coordinator)
    }

    @Test("from no workers to three, to none by SIGTERM under load, and to two again, nothing is lost")
    func comingAndGoing() throws {
        let (demonstration, expected) = try FaultTests.shared.get()
        let site = try Site(demonstration)
        let names = ["one", "two", "three"]
        for name in names { try site.makeKey(name) }
        let coordinator = try site.serve()
        let run = try site.submit()
        let idle = try Programs.run("coord", ["status", run] + site.client())
        #expect(idle.output.contains("running") && idle.output.contains("no workers"), "\(idle.output)\(idle.errors)")
        let workers = try names.map { try site.work($0) }
        try site.wait(for: 1, coordinator)
        for worker in workers { worker.process.terminate() }
        for worker in workers { #expect(worker.wait().status == 0, "\(worker.errors)") }
        let kept = try storedRows(site.store)
        #expect(!kept.isEmpty && kept.count < expected.count)
        let later = try names.prefix(2).map { try site.work($0) }
        #expect(try site.waitForEnd(coordinator) == "complete")
        for worker in later { worker.process.terminate() }
        for worker in later { #expect(worker.wait().status == 0, "\(worker.errors)") }
        try site.expect(expected, after: coordinator)
        // What was done before they left was not done again.
        let final = try StoreReader(site.store).read { view in
            try view.cells(run: run).flatMap { try view.scores(cell: $0.id) }
        }
        #expect(final.count == expected.count)
    }

    @Test("a second coordinator on the same store is refused, and the first does not notice")
    func secondCoordinator() throws {
        let (demonstration, _) = try FaultTests.shared.get()
        let site = try Site(demonstration)
        let first = try site.serve()
        _ = try site.submit()
        let second = try Programs.run(
            "coord", ["serve", "--listen", "tcp://127.0.0.1:*", "--store", site.store, "--keys", site.keys])
        #expect(second.status == 1 && second.errors.contains(URL(fileURLWithPath: site.store).lastPathComponent))
        let status = try Programs.run("coord", ["status"] + site.client())
        #expect(status.status == 0 && status.output.contains("running"), "\(status.output)\(status.errors)")
        first.process.terminate()
        #expect(first.wait().status == 0)
    }

    @Test("a worker with a key that nobody lists gets no work while another does it")
    func unknownKey() throws {
        let (demonstration, expected) = try FaultTests.shared.get()
        let (site, elsewhere) = (try Site(demonstration), try Site(demonstration))
        let coordinator = try site.serve()
        _ = try site.submit()
        let stranger = try Programs.Running(
            "worker",
            [
                "--coordinator", site.endpoint, "--key", "\(elsewhere.keys)/worker", "--coordinator-key",
                "\(site.keys)/coordinator.pub", "--log-level", "debug",
            ])
        #expect(stranger.waitToSay("refused"))
        let worker = try site.work()
        #expect(try site.waitForEnd(coordinator) == "complete")
        #expect(stranger.process.isRunning && !stranger.errors.contains("epoch="), "\(stranger.errors)")
        stranger.signal(SIGKILL)
        worker.process.terminate()
        #expect(worker.wait().status == 0)
        try site.expect(expected, after: coordinator)
        let workers = try StoreReader(site.store).read { view in
            let run = try #require(try view.runs().last)
            return Set(try view.cells(run: run.run).flatMap { try view.scores(cell: $0.id).map(\.worker) })
        }
        #expect(workers == [try KeyFile.readPublic("\(site.keys)/worker.pub").z85])
    }

    @Test("a cancellation that races the end leaves a run that is complete with every row, or cancelled")
    func cancelAtTheEnd() throws {
        let demonstration = try Demonstration(benchmarks: ["piqa"], reductions: "[none]")
        let site = try Site(demonstration)
        let coordinator = try site.serve()
        let worker = try site.work("worker")
        let client = try ClientConnection(
            to: site.endpoint, coordinatorKey: KeyFile.readPublic("\(site.keys)/coordinator.pub"),
            keys: KeyFile.readSecret("\(site.keys)/client"))
        for round in 0..<4 {
            let run = try Programs.run("coord", ["submit", "--fresh", demonstration.job.path] + site.client()).output
                .trimmingCharacters(in: .whitespacesAndNewlines)
            // From at once to behind the last row.
            try site.wait(for: [0, 1, 15, 20][round], coordinator)
            do {
                #expect(try client.cancel(run: run).state == "cancelled")
            } catch CoordinatorError.refused(_, let detail) {
                #expect(detail.contains(run))
            }
            let state = try site.waitForEnd(coordinator)
            let record = try StoreReader(site.store).read { try $0.run(run) }
            #expect(state == "complete" ? record.rows == 20 : state == "cancelled" && record.rows <= 20)
        }
        worker.process.terminate()
        #expect(worker.wait().status == 0, "\(worker.errors)")
        coordinator.process.terminate()
        #expect(coordinator.wait().status == 0)
        #expect(try integrity(of: site.store) == "ok")
    }
}
