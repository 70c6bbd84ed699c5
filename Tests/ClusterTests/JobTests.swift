import Cluster
import Testing
import Wire

/// Jobs: done, failed, retried; runs: complete, incomplete, cancelled.
struct JobTests {
    private let first = LeaseName(job: "a", epoch: 1)

    @Test("a job is done when all of its rows are in, and its run is complete when all jobs are")
    func completion() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        driver.join("w1", session: 1)
        driver.take(.scores(first, batch: 1, rows: rows(1)), from: 1)
        let turn = driver.take(.scores(first, batch: 2, rows: rows(0)), from: 1)
        #expect(turn.commits.suffix(2) == [.job("a", .done), .run("run", .complete)])
        #expect(driver.scheduler.progress(of: "run")?.rows == 2)
        #expect(driver.take(.jobDone(first), from: 1).commits.isEmpty)
    }

    @Test("a worker with rows all stored gets its next job at once")
    func nextJob() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a"), .sample("b")])
        driver.join("w1", session: 1)
        let turn = driver.take(.scores(first, batch: 1, rows: rows(0, 1)), from: 1)
        #expect(turn.granted == ["b→1"])
    }

    @Test("a run without jobs is complete")
    func empty() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [])
        #expect(driver.directives.commits == [.run("run", .complete)])
    }

    @Test("a job reported done with rows missing is given again with those rows")
    func falseDone() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        driver.join("w1", session: 1)
        driver.take(.scores(first, batch: 1, rows: rows(1)), from: 1)
        let turn = driver.take(.jobDone(first), from: 1) + driver.pass(1_500)
        #expect(turn.releases == [.failed])
        #expect(turn.grants.map(\.examples) == [[0]])
    }

    @Test("a data failure ends the job at once and leaves the run incomplete")
    func dataFailure() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        driver.join("w1", host: "node7", session: 1)
        let turn = driver.take(.jobFailed(first, .data, detail: "token 99999 is not in the vocabulary"), from: 1)
        #expect(
            turn.commits == [
                .released(job: "a", epoch: 1, reason: .failed),
                .job("a", .failed(detail: "node7: token 99999 is not in the vocabulary")),
                .run("run", .incomplete),
            ])
    }

    @Test("a failed job is tried on another host, and given up after three attempts")
    func attempts() throws {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a", examples: 1)])
        driver.join("w1", host: "north", session: 1)
        driver.join("w2", host: "north", session: 2)
        driver.join("w3", host: "south", session: 3)
        var order: [SessionID] = []
        for _ in 0..<3 {
            let grant = try #require(driver.directives.grants.last)
            order.append(grant.session)
            driver.take(.jobFailed(grant.lease, .worker, detail: "out of memory"), from: grant.session)
            driver.passUntilGrant(beating: [1, 2, 3])
        }
        #expect(order == [1, 3, 2])
        let detail = "3 attempts failed on north, south; the last: out of memory"
        #expect(driver.directives.commits.contains(.gaveUp(job: "a", example: 0, detail: detail)))
        #expect(driver.scheduler.progress(of: "run")?.state == .incomplete)
    }

    @Test("a failed job is not tried again before its backoff, at most a minute")
    func backoff() {
        var parameters = SchedulerParameters.unverified
        parameters.attempts = 20
        parameters.seed = 3
        var driver = SchedulerDriver(parameters: parameters)
        driver.submit(jobs: [.sample("a")])
        driver.join("w1", session: 1)
        var waits: [Milliseconds] = []
        for epoch in 1...12 {
            let start = driver.now
            driver.take(.jobFailed(LeaseName(job: "a", epoch: UInt64(epoch)), .worker, detail: ""), from: 1)
            driver.passUntilGrant(beating: [1])
            waits.append(driver.now - start)
        }
        #expect(waits[0] <= 1_500)
        #expect(waits.allSatisfy { $0 <= 60_500 })
        #expect(waits.max() ?? 0 > 10_000)
    }

    @Test("failures of the infrastructure and returned leases are not charged, and another worker is asked")
    func setbacks() throws {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        driver.join("w1", session: 1)
        driver.join("w2", session: 2)
        for epoch in 1...6 {
            let grant = try #require(driver.directives.grants.last)
            #expect(grant.lease.epoch == UInt64(epoch))
            if epoch == 2 { #expect(grant.session == 2) }
            let message: WorkerMessage =
                epoch % 2 == 0
                ? .leaseReturn(grant.lease) : .jobFailed(grant.lease, .infrastructure, detail: "disk full")
            driver.take(message, from: grant.session)
            driver.passUntilGrant(beating: [1, 2])
        }
        #expect(!driver.directives.releases.contains(.failed))
    }

    @Test(
        "a batch with impossible rows is refused whole",
        arguments: [
            rows(0, score: .nan), rows(7), [],
            [
                WireRow.with {
                    $0.example = 0
                    $0.flopsReduction = .nan
                }
            ],
        ])
    func impossibleRows(batch: [WireRow]) {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        driver.join("w1", session: 1)
        let turn = driver.take(.scores(first, batch: 1, rows: batch), from: 1)
        #expect(turn.commits == [.released(job: "a", epoch: 1, reason: .failed)])
        #expect(turn.sent(to: 1) == [.cancel(first)])
    }

    @Test("minus infinity is a score")
    func minusInfinity() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        driver.join("w1", session: 1)
        let turn = driver.take(.scores(first, batch: 1, rows: rows(0, score: -.infinity)), from: 1)
        #expect(turn.sent(to: 1) == [.ack(first, batch: 1)])
    }

    @Test("a cancelled run ends its leases and jobs, and wants no more rows")
    func cancellation() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a"), .sample("b")])
        driver.join("w1", session: 1)
        let turn = driver.take(.cancel("run"))
        #expect(
            turn.commits == [
                .released(job: "a", epoch: 1, reason: .cancelled), .job("a", .cancelled), .job("b", .cancelled),
                .run("run", .cancelled),
            ])
        #expect(turn.sent(to: 1) == [.cancel(first)])
        #expect(driver.take(.scores(first, batch: 1, rows: rows(0)), from: 1).sent(to: 1) == [.cancel(first)])
        driver.submit("next", jobs: [.sample("c")])
        #expect(driver.directives.granted == ["a→1", "c→1"])
    }

    @Test("runs of higher priority go first")
    func priority() {
        var driver = SchedulerDriver()
        driver.submit("low", jobs: [.sample("l")])
        driver.submit("high", jobs: [.sample("h")], priority: 5)
        #expect(driver.join("w1", session: 1, slots: 2).granted == ["h→1", "l→1"])
    }

    @Test("runs of equal priority share the workers evenly")
    func fairness() {
        var driver = SchedulerDriver()
        driver.submit("first", jobs: (0..<9).map { .sample("f\($0)") })
        driver.join("w1", session: 1, slots: 3)
        driver.submit("second", jobs: (0..<9).map { .sample("s\($0)") })
        let jobs = driver.take(.credit(slots: 9), from: 1).grants.map { $0.lease.job.prefix(1) }
        #expect(jobs.count { $0 == "f" } == 3)
        #expect(jobs.count { $0 == "s" } == 3)
    }

    @Test("a worker keeps to the model that it has loaded while there are jobs for it")
    func affinity() {
        var driver = SchedulerDriver()
        driver.submit(jobs: (0..<6).map { .sample("\($0)", model: $0 % 2 == 0 ? "even" : "odd") })
        driver.join("w1", session: 1)
        driver.join("w2", session: 2)
        for epoch in 0..<4 {
            let grant = driver.directives.grants[epoch]
            driver.take(.scores(grant.lease, batch: 1, rows: rows(0, 1)), from: grant.session)
        }
        #expect(driver.directives.granted == ["0→1", "1→2", "2→1", "3→2", "4→1", "5→2"])
    }

    @Test("equal events give equal directives")
    func determinism() {
        func history() -> [SchedulerDirective] {
            var driver = SchedulerDriver()
            for run in 0..<3 {
                driver.submit("run\(run)", jobs: (0..<20).map { .sample("\(run).\($0)", model: "m\($0 % 4)") })
            }
            for worker in 1...8 { driver.join("w\(worker)", host: "h\(worker % 3)", session: UInt64(worker), slots: 3) }
            for grant in driver.directives.grants where grant.lease.job.hasSuffix("3") {
                driver.take(.jobFailed(grant.lease, .worker, detail: ""), from: grant.session)
            }
            driver.pass(40_000, beating: [1: [], 2: [], 3: []])
            return driver.directives
        }
        #expect(history() == history())
    }
}
