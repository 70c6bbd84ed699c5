import Cluster
import Testing
import Wire

@Suite("An example that kills its workers is found, and the others go on")
struct PoisonTests {
    /// Workers on two hosts that do whatever they are given, except that they die, one way or another, of some examples.
    private struct Cluster {
        var driver = SchedulerDriver()
        var failures = 0
        private var boots: [SessionID: Int] = [:]
        private var next: SessionID = 3
        private var keys: [SessionID: (key: WorkerKey, host: String)] = [1: ("w1", "north"), 2: ("w2", "south")]

        init(examples: UInt32, others: Int = 0) {
            driver.submit(jobs: [.sample("a", examples: examples)] + (0..<others).map { .sample("other\($0)") })
            driver.join("w1", host: "north", session: 1)
            driver.join("w2", host: "south", session: 2)
        }

        /// Lets the workers work until the run is over.
        mutating func work(poison: Set<UInt32>, dies: Bool = false) {
            var done = 0
            for _ in 0..<2_000 where driver.scheduler.progress(of: "run")?.state == .running {
                let grants = driver.directives.grants
                guard done < grants.count else {
                    driver.pass(500, beating: Dictionary(uniqueKeysWithValues: keys.keys.map { ($0, []) }))
                    continue
                }
                compute(grants[done], poison, dies)
                done += 1
            }
        }

        private mutating func compute(
            _ grant: (session: SessionID, lease: LeaseName, examples: [UInt32]), _ poison: Set<UInt32>, _ dies: Bool
        ) {
            var batch: UInt64 = 0
            for example in grant.examples {
                if grant.lease.job == "a", poison.contains(example) {
                    failures += 1
                    return dies ? die(grant.session) : fail(grant)
                }
                batch += 1
                driver.take(.scores(grant.lease, batch: batch, rows: rows(example)), from: grant.session)
            }
            driver.take(.jobDone(grant.lease), from: grant.session)
        }

        private mutating func fail(_ grant: (session: SessionID, lease: LeaseName, examples: [UInt32])) {
            driver.take(.jobFailed(grant.lease, .worker, detail: "out of memory"), from: grant.session)
        }

        private mutating func die(_ session: SessionID) {
            guard let (key, host) = keys.removeValue(forKey: session) else { return }
            keys[next] = (key, host)
            driver.join(key, host: host, session: next, boot: "boot \(next)")
            next += 1
        }
    }

    @Test(
        "in three tries and as many as it takes to halve the examples",
        arguments: [1, 2, 3, 8, 20, 64] as [UInt32], [false, true])
    func isolation(examples: UInt32, dies: Bool) {
        for guilty in Set([0, examples / 3, examples - 1]).sorted() {
            var cluster = Cluster(examples: examples)
            cluster.work(poison: [guilty], dies: dies)
            let halvings = Int.bitWidth - (Int(examples) - 1).leadingZeroBitCount
            #expect(cluster.failures <= 3 + (examples == 1 ? 0 : halvings), "example \(guilty) of \(examples)")
            let named = cluster.driver.directives.commits.compactMap { change -> UInt32? in
                if case .gaveUp("a", let example, _) = change { example } else { nil }
            }
            #expect(named == [guilty])
            #expect(cluster.driver.scheduler.progress(of: "run")?.rows == UInt64(examples - 1))
            #expect(cluster.driver.directives.commits.last == .run("run", .incomplete))
        }
    }

    @Test("two of them are found one after the other, and the jobs beside them are done")
    func two() {
        var cluster = Cluster(examples: 12, others: 6)
        cluster.work(poison: [3, 9])
        #expect(cluster.driver.scheduler.counters.examplesGivenUp == 2)
        #expect(cluster.driver.scheduler.counters.jobsFailed == 1)
        #expect(cluster.driver.scheduler.counters.jobsDone == 6)
        #expect(cluster.driver.scheduler.counters.workersQuarantined == 0)
    }

    @Test("workers that are killed at random make no example fail, as long as rows arrive")
    func randomKills() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a", examples: 30)])
        for life in 1...29 as ClosedRange<UInt64> {
            driver.join("w1", session: life, boot: "boot \(life)")
            driver.passUntilGrant(beating: [life])
            guard let grant = driver.directives.grants.last else { break }
            driver.take(.scores(grant.lease, batch: 1, rows: rows(grant.examples[0])), from: life)
        }
        #expect(driver.scheduler.counters.examplesGivenUp == 0)
        #expect(driver.scheduler.counters.workersQuarantined == 0)
        #expect(driver.scheduler.progress(of: "run")?.rows ?? 0 > 20)
    }

    @Test("only the job that a worker was at is charged with its death")
    func bystanders() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a"), .sample("b")])
        driver.join("w1", session: 1, slots: 2)
        let turn = driver.join("w1", session: 2, slots: 0, boot: "next")
        #expect(
            turn.commits == [
                .released(job: "a", epoch: 1, reason: .failed), .released(job: "b", epoch: 1, reason: .disowned),
            ])
    }

    @Test("three workers that name the same example save the search")
    func named() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a", examples: 16)])
        driver.join("w1", session: 1)
        for epoch in 1...3 as ClosedRange<UInt64> {
            let lease = LeaseName(job: "a", epoch: epoch)
            driver.take(.jobFailed(lease, .worker, detail: "out of memory", example: 5), from: 1)
            driver.passUntilGrant(beating: [1])
        }
        let detail = "3 attempts failed on host; the last: out of memory"
        #expect(driver.directives.commits.contains(.gaveUp(job: "a", example: 5, detail: detail)))
        #expect(driver.directives.grants.last?.examples.count == 15)
    }

    @Test("a data failure that names its example gives up that one alone")
    func data() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a", examples: 3)])
        driver.join("w1", host: "node7", session: 1)
        let first = LeaseName(job: "a", epoch: 1)
        let turn = driver.take(.jobFailed(first, .data, detail: "no such token", example: 1), from: 1)
        #expect(
            turn.commits.prefix(2) == [
                .released(job: "a", epoch: 1, reason: .failed),
                .gaveUp(job: "a", example: 1, detail: "node7: no such token"),
            ])
        #expect(turn.grants.map(\.examples) == [[0, 2]])
        let last = driver.take(.scores(LeaseName(job: "a", epoch: 2), batch: 1, rows: rows(0, 2)), from: 1)
        #expect(
            last.commits.suffix(2) == [
                .job("a", .failed(detail: "given up: examples 1")), .run("run", .incomplete),
            ])
    }

    @Test("what was given up stays so over a restart")
    func recovery() {
        var driver = SchedulerDriver(incarnation: 2)
        var job = JobDescription.sample("a", examples: 3)
        (job.missing, job.givenUp) = ([1, 2], [1])
        driver.take(.recovered([RunDescription(id: "run", jobs: [job])]))
        #expect(driver.join("w1", session: 1).grants.map(\.examples) == [[2]])
        let turn = driver.take(.scores(LeaseName(job: "a", epoch: 1), batch: 1, rows: rows(2)), from: 1)
        #expect(turn.commits.last == .run("run", .incomplete))
    }

    @Test("a late row of a given-up example is stored after all, while the job is open")
    func lateRow() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a", examples: 2)])
        driver.join("w1", session: 1)
        let (first, second) = (LeaseName(job: "a", epoch: 1), LeaseName(job: "a", epoch: 2))
        driver.take(.jobFailed(first, .data, detail: "?", example: 1), from: 1)
        driver.take(.scores(first, batch: 1, rows: rows(1)), from: 1)
        let turn = driver.take(.scores(second, batch: 1, rows: rows(0)), from: 1)
        #expect(turn.commits.suffix(2) == [.job("a", .done), .run("run", .complete)])
    }
}
