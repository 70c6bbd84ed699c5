import Cluster
import Testing
import Wire

@Suite("A worker that fails at everything gets nothing for a while")
struct QuarantineTests {
    /// A bad worker that fails at whatever it is given, until it is given nothing.
    private func burn(_ driver: inout SchedulerDriver, _ session: SessionID) -> Int {
        var failures = 0
        while let grant = driver.directives.grants.last(where: { $0.session == session }), failures < 50 {
            let count = driver.directives.grants.count
            driver.take(.jobFailed(grant.lease, .worker, detail: "no device"), from: session)
            failures += 1
            if !driver.directives.grants.dropFirst(count).contains(where: { $0.session == session }) { break }
        }
        return failures
    }

    @Test("three jobs in a row are the most that it burns")
    func threeJobs() {
        var driver = SchedulerDriver()
        driver.submit(jobs: (0..<20).map { .sample("\($0)") })
        driver.join("bad", host: "x", session: 1)
        #expect(burn(&driver, 1) == 3)
        #expect(driver.scheduler.workers.first?.quarantine == 300_000)
        #expect(driver.scheduler.counters.workersQuarantined == 1)
        driver.join("good", host: "y", session: 2)
        driver.pass(100_000, beating: [1: []])
        #expect(!driver.directives.grants.suffix(1).contains { $0.session == 1 })
    }

    @Test("what it still held goes to others, uncharged")
    func queued() {
        var driver = SchedulerDriver()
        driver.submit(jobs: (0..<20).map { .sample("\($0)") })
        driver.join("bad", session: 1, slots: 2)
        for _ in 0..<3 {
            guard let work = driver.scheduler.workers.first?.work.first else { break }
            driver.take(.jobFailed(work.lease, .worker, detail: "no device"), from: 1)
        }
        #expect(driver.scheduler.workers.first?.leases == 0)
        #expect(driver.directives.releases == [.failed, .failed, .failed, .returned])
    }

    @Test("afterwards it gets one job at a time until it has done one, and a failure doubles the quarantine")
    func canary() throws {
        var driver = SchedulerDriver()
        driver.submit(jobs: (0..<20).map { .sample("\($0)") })
        driver.join("bad", session: 1)
        _ = burn(&driver, 1)
        driver.take(.credit(slots: 4), from: 1)
        driver.pass(301_000, beating: [1: []])
        #expect(driver.scheduler.workers.first?.leases == 1)
        let failing = try #require(driver.scheduler.workers.first?.work.first)
        driver.take(.jobFailed(failing.lease, .worker, detail: "no device"), from: 1)
        #expect(driver.scheduler.workers.first?.quarantine == 600_000)
        driver.pass(601_000, beating: [1: []])
        let passing = try #require(driver.scheduler.workers.first?.work.first)
        driver.take(.scores(passing.lease, batch: 1, rows: rows(0, 1)), from: 1)
        #expect(driver.scheduler.workers.first?.leases == 4)
    }

    @Test("it outlasts the worker's sessions")
    func sessions() {
        var driver = SchedulerDriver()
        driver.submit(jobs: (0..<20).map { .sample("\($0)") })
        driver.join("bad", session: 1)
        _ = burn(&driver, 1)
        #expect(driver.join("bad", session: 2).grants.isEmpty)
        #expect(driver.scheduler.workers.first?.quarantine ?? 0 > 0)
    }

    @Test("failures at jobs that fail elsewhere too are forgiven")
    func forgiven() {
        var driver = SchedulerDriver()
        driver.submit(jobs: (0..<3).map { .sample("\($0)") })
        driver.join("w1", host: "x", session: 1)
        driver.join("w2", host: "y", session: 2)
        // Whatever it is, whoever gets it fails.
        for _ in 0..<40 {
            let work = driver.scheduler.workers.compactMap { worker in worker.work.first.map { (worker.session, $0) } }
            if work.isEmpty { driver.pass(500, beating: [1: [], 2: []]) }
            for (session, work) in work where driver.scheduler.counters.leasesFailed < 6 {
                driver.take(.jobFailed(work.lease, .worker, detail: "?"), from: session)
            }
        }
        #expect(driver.scheduler.counters.leasesFailed == 6)
        #expect(driver.scheduler.counters.workersQuarantined == 0)
    }

    @Test("rows between failures count for the worker")
    func rowsBetween() {
        var driver = SchedulerDriver()
        driver.submit(jobs: (0..<9).map { .sample("\($0)") })
        driver.join("w1", session: 1)
        for _ in 0..<4 {
            guard let work = driver.scheduler.workers.first?.work.first else { break }
            driver.take(.scores(work.lease, batch: 1, rows: rows(0)), from: 1)
            driver.take(.jobFailed(work.lease, .worker, detail: "?"), from: 1)
        }
        #expect(driver.scheduler.counters.workersQuarantined == 0)
        #expect(driver.scheduler.workers.first?.failures == 4)
    }
}
