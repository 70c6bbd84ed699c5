import Cluster
import Testing
import Wire

/// Leases: granted, renewed, lost, fenced off.
struct LeaseTests {
    private let first = LeaseName(job: "a", epoch: 1)

    @Test("a grant is committed in the turn that sends it, and takes the next epoch")
    func grant() {
        var driver = SchedulerDriver(incarnation: 7)
        driver.submit(jobs: [.sample("a")])
        let turn = driver.join("w1", session: 1)
        #expect(
            turn.commits == [
                .bound(run: "run", model: "m", engine: EngineDescription.sample.identity),
                .granted(Lease(job: "a", epoch: 1, worker: "w1", incarnation: 7)),
            ])
        #expect(turn.grants.map(\.lease) == [first])
        let next = driver.take(.disconnected(1)) + driver.join("w2", session: 2)
        #expect(next.grants.map(\.lease.epoch) == [2])
    }

    @Test("a lease that no heartbeat renews expires after 30 s")
    func expiry() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        driver.join("w1", session: 1)
        #expect(driver.pass(29_000, beating: [1: []]).releases.isEmpty)
        let turn = driver.pass(2_000, beating: [1: []])
        #expect(turn.releases == [.expired])
        #expect(turn.grants.map(\.lease.epoch) == [2])
    }

    @Test("heartbeats renew a lease for as long as examples are finished")
    func renewal() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        driver.join("w1", session: 1)
        for done in 0..<20 {
            let progress = LeaseProgress(lease: first, examplesDone: UInt32(done), currentExample: 0)
            let turn = driver.pass(20_000, beating: [1: [progress]])
            #expect(turn.releases.isEmpty)
            #expect(turn.sent(to: 1).contains(.heartbeatAck(renewed: [first], cancelled: [])))
        }
    }

    @Test("a worker silent for 6 s gets no jobs, and after 15 s its jobs go elsewhere")
    func silence() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        driver.join("w1", session: 1, slots: 2)
        driver.pass(6_500)
        #expect(driver.scheduler.workers.map(\.state) == [.suspect])
        driver.submit("more", jobs: [.sample("b")])
        #expect(driver.directives.granted == ["a→1"])
        let turn = driver.pass(9_000)
        #expect(turn.releases == [.expired])
        #expect(turn.contains(.close(1)))
        #expect(driver.join("w2", session: 2, slots: 2).granted.sorted() == ["a→2", "b→2"])
    }

    @Test("a word from a suspect brings it back")
    func recovery() {
        var driver = SchedulerDriver()
        driver.join("w1", session: 1)
        driver.pass(8_000)
        driver.submit(jobs: [.sample("a")])
        #expect(driver.take(.heartbeat([], WorkerLoad()), from: 1).granted == ["a→1"])
    }

    @Test("the time in which the coordinator itself was stopped is not held against the workers")
    func inattention() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        driver.join("w1", session: 1)
        #expect(driver.scheduler.handle(.tick, at: driver.now + 3_600_000).isEmpty)
        #expect(driver.scheduler.workers.map(\.state) == [.working])
    }

    @Test("heartbeats and patience stretch in a large cluster")
    func stretch() {
        var driver = SchedulerDriver()
        for index in 1..<200 { driver.join("w\(index)", session: UInt64(index)) }
        let welcome = driver.join("last", session: 200).sent(to: 200).first
        #expect(welcome == .welcome(heartbeat: 4_000, lease: 60_000, kept: []))
        driver.pass(29_000)
        #expect(driver.scheduler.session(of: "last") != nil)
        #expect(driver.scheduler.session(of: "w1") == nil)
    }

    @Test("workers that came first beat as rarely as the others once a cluster has grown")
    func grownCluster() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        for index in 1...500 { driver.join("w\(index)", session: UInt64(index)) }
        var beats = 0.0
        for session in UInt64(1)...500 {
            for case .send(.heartbeatAck(_, _, _, let interval?), session) in driver.take(
                .heartbeat([], WorkerLoad()), from: session)
            {
                beats += 1000 / Double(interval)
            }
        }
        #expect(abs(beats - 50) < 1e-6)
        // The lease that nobody named is as patient as its worker's heartbeats are rare.
        driver.pass(60_000)
        #expect(driver.scheduler.workers.map(\.leases).reduce(0, +) == 1)
    }

    @Test("late rows of a lost lease are stored and acknowledged, but do not bring the lease back")
    func salvage() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a", examples: 3)])
        driver.join("w1", session: 1)
        driver.join("w2", session: 2)
        driver.pass(32_000, beating: [1: [], 2: []])
        #expect(driver.directives.granted == ["a→1", "a→1"])
        let late = driver.take(.scores(first, batch: 4, rows: rows(1)), from: 1)
        #expect(late.commits == [.scored(job: "a", epoch: 1, worker: "w1", rows: rows(1))])
        #expect(late.sent(to: 1) == [.ack(first, batch: 4)])
        let beat = driver.take(
            .heartbeat([LeaseProgress(lease: first, examplesDone: 1, currentExample: 2)], WorkerLoad()), from: 1)
        #expect(beat.sent(to: 1) == [.heartbeatAck(renewed: [], cancelled: [first])])
    }

    @Test("a requeued job carries only the examples without rows")
    func remainder() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a", examples: 4)])
        driver.join("w1", session: 1)
        driver.take(.scores(first, batch: 1, rows: rows(2, 0)), from: 1)
        driver.take(.disconnected(1))
        #expect(driver.join("w2", session: 2).grants.map(\.examples) == [[1, 3]])
    }

    @Test("rows that complete a job by the old holder end the new holder's lease")
    func overtaken() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        driver.join("w1", session: 1)
        driver.take(.disconnected(1))
        driver.join("w2", session: 2)
        driver.join("w1", session: 3, slots: 0)
        let turn = driver.take(.scores(first, batch: 1, rows: rows(0, 1)), from: 3)
        #expect(turn.sent(to: 2) == [.cancel(LeaseName(job: "a", epoch: 2))])
        #expect(turn.commits.suffix(2) == [.job("a", .done), .run("run", .complete)])
    }

    @Test("rows under a lease that their sender never held are refused")
    func forgery() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        driver.join("w1", session: 1)
        driver.join("w2", session: 2)
        let turn = driver.take(.scores(first, batch: 1, rows: rows(0)), from: 2)
        #expect(turn.commits.isEmpty)
        #expect(turn.sent(to: 2) == [.cancel(first)])
    }

    @Test("a message about an old epoch changes nothing")
    func fencing() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        driver.join("w1", session: 1)
        driver.pass(31_000, beating: [1: []])
        for message: WorkerMessage in [
            .jobDone(first), .jobFailed(first, .data, detail: "x"), .leaseReturn(first),
        ] {
            #expect(driver.take(message, from: 1).commits.isEmpty)
        }
    }

    @Test("a lease without a finished example is taken away and counts as a failure")
    func noProgress() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        driver.join("w1", session: 1, slots: 1)
        let progress = LeaseProgress(lease: first, examplesDone: 0, currentExample: 0)
        #expect(driver.pass(599_000, beating: [1: [progress]]).releases.isEmpty)
        let turn = driver.pass(30_000, beating: [1: [progress]])
        #expect(turn.releases == [.failed])
        #expect(turn.sent(to: 1).contains(.heartbeatAck(renewed: [], cancelled: [first])))
    }

    @Test("a job that waits behind another on its worker is not blamed for making no progress")
    func prefetched() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a"), .sample("b")])
        driver.join("w1", session: 1, slots: 2)
        let second = LeaseName(job: "b", epoch: 1)
        for done in 0..<60 {
            let progress = [
                LeaseProgress(lease: first, examplesDone: UInt32(done), currentExample: 0),
                LeaseProgress(lease: second, examplesDone: 0, currentExample: 0),
            ]
            #expect(!driver.pass(20_000, beating: [1: progress]).releases.contains(.failed))
            if driver.directives.releases.contains(.expired) { return }  // The first one's deadline.
        }
    }
}
