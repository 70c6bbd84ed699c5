import Cluster
import Testing
import Wire

/// Sessions and restarts: who speaks for a key, and which leases survive.
struct SessionTests {
    private let first = LeaseName(job: "a", epoch: 1)

    @Test("a second Hello of a key ends the older session, and leases that it does not name are free")
    func superseding() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        driver.join("w1", session: 1)
        let turn = driver.join("w1", session: 2)
        #expect(turn.contains(.close(1)))
        #expect(turn.releases == [.disowned])
        #expect(turn.grants.map(\.lease) == [LeaseName(job: "a", epoch: 2)])
        let old = driver.take(.heartbeat([], WorkerLoad()), from: 1)
        #expect(old == [.send(.reject(.session, detail: "session 1 is over: say Hello again", retryAfter: 1), to: 1)])
    }

    @Test("a worker that says Hello again keeps the leases that it names and still has")
    func readoption() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a"), .sample("b")])
        driver.join("w1", session: 1, slots: 2)
        let named = [first, LeaseName(job: "b", epoch: 9), LeaseName(job: "never", epoch: 1)]
        let turn = driver.join("w1", session: 2, slots: 0, holding: named)
        #expect(turn.sent(to: 2) == [.welcome(heartbeat: 2_000, lease: 30_000, kept: [first])])
        #expect(turn.releases == [.disowned])
    }

    @Test("a lease given to another is not kept")
    func reassigned() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        driver.join("w1", session: 1)
        driver.join("w2", session: 2)
        driver.pass(16_000, beating: [2: []])
        #expect(driver.directives.granted == ["a→1", "a→2"])
        let turn = driver.join("w1", session: 3, holding: [first])
        #expect(turn.sent(to: 3) == [.welcome(heartbeat: 2_000, lease: 30_000, kept: [])])
        #expect(turn.commits.isEmpty)
    }

    private func restarted() -> SchedulerDriver {
        var driver = SchedulerDriver(incarnation: 2)
        var job = JobDescription.sample("a", examples: 3)
        job.missing = [1, 2]
        job.epoch = 4
        job.leases = [Lease(job: "a", epoch: 4, worker: "w1", incarnation: 1)]
        job.pastLeases = [Lease(job: "a", epoch: 3, worker: "w0", incarnation: 1)]
        driver.take(.recovered([RunDescription(id: "run", jobs: [job, .sample("b")], rowsOfFinishedJobs: 10)]))
        return driver
    }

    @Test("after a restart a found lease is not given away for 60 s")
    func grace() {
        var driver = restarted()
        driver.join("w2", session: 1, slots: 4)
        driver.pass(
            59_000,
            beating: [1: [LeaseProgress(lease: LeaseName(job: "b", epoch: 1), examplesDone: 0, currentExample: 0)]])
        #expect(driver.directives.granted == ["b→1"])
        let turn = driver.pass(1_500)
        #expect(turn.releases == [.expired])
        #expect(turn.grants.map(\.lease) == [LeaseName(job: "a", epoch: 5)])
        #expect(turn.grants.map(\.examples) == [[1, 2]])
    }

    @Test("after a restart a worker keeps the lease that it names, and rows of older leases count")
    func adoption() {
        var driver = restarted()
        let lease = LeaseName(job: "a", epoch: 4)
        let turn = driver.join("w1", session: 1, slots: 1, holding: [lease])
        #expect(turn.sent(to: 1).first == .welcome(heartbeat: 2_000, lease: 30_000, kept: [lease]))
        #expect(turn.grants.isEmpty)
        #expect(driver.scheduler.progress(of: "run")?.rows == 11)
        driver.join("w0", session: 2, slots: 0)
        driver.take(.scores(LeaseName(job: "a", epoch: 3), batch: 9, rows: rows(1)), from: 2)
        let last = driver.take(.scores(lease, batch: 2, rows: rows(2)), from: 1)
        #expect(last.commits.contains(.job("a", .done)))
        #expect(last.granted == ["b→1"])
    }

    @Test("a holder that comes back empty-handed after a restart frees the lease at once")
    func disowned() {
        var driver = restarted()
        let turn = driver.join("w1", session: 1)
        #expect(turn.releases == [.disowned])
        #expect(turn.granted == ["a→1"])
    }

    @Test("charged failures are remembered over a restart")
    func rememberedFailures() {
        var driver = SchedulerDriver(incarnation: 2)
        var job = JobDescription.sample("a", examples: 1)
        job.epoch = 2
        job.failures = [.init(worker: "w1", host: "x"), .init(worker: "w2", host: "y")]
        driver.take(.recovered([RunDescription(id: "run", jobs: [job])]))
        driver.join("w1", host: "x", session: 1)
        let turn = driver.take(.jobFailed(LeaseName(job: "a", epoch: 3), .worker, detail: "again"), from: 1)
        #expect(turn.commits.last == .run("run", .incomplete))
    }

    @Test("a draining worker gets no more jobs, and what it returns goes to others at once, uncharged")
    func draining() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a"), .sample("b")])
        driver.join("w1", session: 1)
        driver.join("w2", session: 2, slots: 0)
        #expect(driver.take(.drain("w1")).sent(to: 1) == [.drain])
        driver.take(.draining, from: 1)
        driver.take(.credit(slots: 2), from: 2)
        let turn = driver.take(.leaseReturn(first), from: 1)
        #expect(turn.releases == [.returned])
        #expect(turn.granted == ["a→2"])
        #expect(driver.take(.bye, from: 1).contains(.close(1)))
        #expect(driver.scheduler.workers.map(\.worker) == ["w2"])
    }

    @Test("when everything drains, workers that come later are told too")
    func drainAll() {
        var driver = SchedulerDriver()
        driver.join("w1", session: 1)
        #expect(driver.take(.drain(nil)).sent(to: 1) == [.drain])
        #expect(driver.join("w2", session: 2).sent(to: 2).contains(.drain))
    }

    @Test("a Hello in a version that is not spoken is rejected for good")
    func version() {
        var driver = SchedulerDriver()
        let hello = Hello(
            engine: .sample, host: "h", bootID: "b", protocolMinimum: 0x0900, protocolMaximum: 0x0901)
        let turn = driver.take(.hello(hello, worker: "w1", session: 1))
        guard case .reject(.version, _, retryAfter: 0)? = turn.sent(to: 1).first else {
            Issue.record("\(turn)")
            return
        }
        #expect(turn.last == .close(1))
        #expect(driver.scheduler.workers.isEmpty)
    }

    @Test("sessions, leases in a Hello, its texts and slots are limited")
    func limits() {
        var parameters = SchedulerParameters.unverified
        parameters.sessionLimit = 1
        parameters.slotLimit = 2
        var driver = SchedulerDriver(parameters: parameters)
        func code(_ turn: [SchedulerDirective], _ session: SessionID) -> WireRejectCode? {
            if case .reject(let code, _, _)? = turn.sent(to: session).first { code } else { nil }
        }
        let leases = (0..<3).map { LeaseName(job: "j\($0)", epoch: 1) }
        #expect(code(driver.join("w1", session: 1, holding: leases), 1) == .malformed)
        #expect(code(driver.join("w1", host: String(repeating: "h", count: 600), session: 2), 2) == .malformed)
        driver.submit(jobs: (0..<5).map { .sample("\($0)") })
        #expect(driver.join("w1", session: 3, slots: .max).grants.count == 2)
        #expect(code(driver.join("w2", session: 4), 4) == .busy)
        #expect(code(driver.join("w1", session: 5), 5) == nil)
    }
}
