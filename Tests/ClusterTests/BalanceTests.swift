import Cluster
import ClusterSimulation
import Testing
import Wire

@Suite("When the queue is empty, idle workers help busy ones")
struct BalanceTests {
    private let first = LeaseName(job: "a", epoch: 1)

    private func progress(_ done: UInt32, of lease: LeaseName) -> LeaseProgress {
        LeaseProgress(lease: lease, examplesDone: done, currentExample: done)
    }

    @Test("a lease that its worker has not begun is moved to a worker with nothing to do")
    func move() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a"), .sample("b")])
        driver.join("w1", session: 1, slots: 2)
        driver.join("w2", session: 2)
        let turn = driver.take(.tick)
        #expect(turn.releases == [.moved])
        #expect(turn.sent(to: 1) == [.heartbeatAck(renewed: [], cancelled: [LeaseName(job: "b", epoch: 1)])])
        #expect(turn.grants.map(\.lease) == [LeaseName(job: "b", epoch: 2)])
        #expect(turn.granted == ["b→2"])
        #expect(driver.scheduler.counters.leasesMoved == 1)
    }

    @Test("rows of a moved lease that was begun after all are kept")
    func movedRows() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a"), .sample("b")])
        driver.join("w1", session: 1, slots: 2)
        driver.join("w2", session: 2)
        driver.take(.tick)
        let turn = driver.take(.scores(LeaseName(job: "b", epoch: 1), batch: 1, rows: rows(0)), from: 1)
        #expect(turn.sent(to: 1) == [.ack(LeaseName(job: "b", epoch: 1), batch: 1)])
        #expect(driver.scheduler.counters.rowsSalvaged == 1)
    }

    /// One worker at ten tokens a second, and an idle one at a thousand.
    private func slowAndFast(examples: UInt32 = 10) -> SchedulerDriver {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a", examples: examples)])
        driver.join("slow", session: 1)
        driver.take(.heartbeat([progress(0, of: first)], WorkerLoad(tokensPerSecond: 10)), from: 1)
        driver.join("fast", session: 2)
        driver.take(.heartbeat([], WorkerLoad(tokensPerSecond: 1_000)), from: 2)
        return driver
    }

    @Test("a job of a slow worker is computed from the other end by an idle fast one, and the first row counts")
    func backup() throws {
        var driver = slowAndFast(examples: 4)
        driver.pass(3_000)
        let grant = try #require(driver.directives.grants.last)
        #expect(grant.session == 2)
        #expect(grant.lease == LeaseName(job: "a", epoch: 2))
        #expect(grant.examples == [3, 2, 1, 0])
        let lease = Lease(job: "a", epoch: 2, worker: "fast", incarnation: 1, purpose: .backup)
        #expect(driver.directives.commits.contains(.granted(lease)))
        driver.take(.scores(grant.lease, batch: 1, rows: rows(3, 2)), from: 2)
        driver.take(.scores(first, batch: 1, rows: rows(0)), from: 1)
        let turn = driver.take(.scores(first, batch: 2, rows: rows(1)), from: 1)
        #expect(turn.commits.suffix(2) == [.job("a", .done), .run("run", .complete)])
        #expect(turn.sent(to: 2) == [.cancel(grant.lease)])
        #expect(turn.sent(to: 1).contains(.cancel(first)))
    }

    @Test("when the slow worker's lease ends, the backup simply goes on")
    func backupGoesOn() {
        var driver = slowAndFast()
        driver.pass(3_000)
        #expect(driver.directives.granted == ["a→1", "a→2"])
        let turn = driver.take(.disconnected(1))
        #expect(turn.releases == [.expired])
        #expect(turn.grants.isEmpty)
        let backup = LeaseName(job: "a", epoch: 2)
        let last = driver.take(
            .scores(backup, batch: 1, rows: (0..<10).flatMap { rows($0) }), from: 2)
        #expect(last.commits.last == .run("run", .complete))
    }

    @Test("both holders of a job are taken back after a restart")
    func recovery() {
        var driver = SchedulerDriver(incarnation: 2)
        var job = JobDescription.sample("a")
        job.epoch = 2
        job.leases = [
            Lease(job: "a", epoch: 1, worker: "w1", incarnation: 1),
            Lease(job: "a", epoch: 2, worker: "w2", incarnation: 1, purpose: .backup),
        ]
        driver.take(.recovered([RunDescription(id: "run", jobs: [job])]))
        let second = LeaseName(job: "a", epoch: 2)
        #expect(
            driver.join("w1", session: 1, holding: [first]).sent(to: 1).first
                == .welcome(heartbeat: 2_000, lease: 30_000, kept: [first]))
        #expect(
            driver.join("w2", session: 2, holding: [second]).sent(to: 2).first
                == .welcome(heartbeat: 2_000, lease: 30_000, kept: [second]))
        #expect(driver.take(.leaseReturn(second), from: 2).grants.isEmpty)
        #expect(driver.take(.leaseReturn(first), from: 1).releases == [.returned])
        driver.passUntilGrant(beating: [1, 2])
        #expect(driver.directives.grants.last?.lease.epoch == 3)
    }

    @Test("a job that takes far longer than others of its run is computed by another worker too")
    func late() {
        var driver = SchedulerDriver()
        driver.submit(jobs: (0..<5).map { .sample("\($0)") })
        driver.join("w1", session: 1)
        driver.join("w2", session: 2)
        for _ in 0..<4 {
            driver.pass(1_000, beating: [1: []])
            if let grant = driver.directives.grants.last(where: { $0.session == 2 }) {
                driver.take(.scores(grant.lease, batch: 1, rows: rows(0, 1)), from: 2)
            }
        }
        #expect(driver.scheduler.counters.backupsGranted == 0)
        driver.pass(4_000, beating: [1: [progress(0, of: LeaseName(job: "0", epoch: 1))], 2: []])
        #expect(driver.scheduler.counters.backupsGranted == 1)
    }

    @Test(
        "a ten times slower node costs less than a third of the ideal time, and five rows in a hundred twice",
        arguments: [true, false])
    func makespan(measures: Bool) throws {
        let span = try Makespan(slowness: [1, 1, 1, 10], jobs: 30, examples: 20, measures: measures)
        #expect(Double(span.milliseconds) <= 1.3 * span.ideal)
        #expect(Double(span.counters.rowsTwice) <= 0.05 * Double(span.rows))
        #expect(span.counters.rowsStored == span.rows)
    }

    @Test("equal nodes compute nothing twice")
    func noExtraWork() throws {
        let span = try Makespan(slowness: [1, 1, 1], jobs: 20, examples: 10, measures: true)
        #expect(Double(span.milliseconds) <= 1.3 * span.ideal)
        #expect(span.counters.backupsGranted == 0)
    }
}
