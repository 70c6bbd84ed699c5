import Cluster
import Testing
import Wire

@Suite("Runs come again, and nothing that comes twice does harm")
struct ResumeTests {
    @Test("a run that was cancelled is taken up again with what it misses")
    func resume() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a", examples: 3), .sample("b")])
        driver.join("w1", session: 1)
        driver.take(.scores(LeaseName(job: "a", epoch: 1), batch: 1, rows: rows(0)), from: 1)
        driver.take(.cancel("run"))
        var job = JobDescription.sample("a", examples: 3)
        (job.missing, job.epoch) = ([1, 2], 1)
        driver.take(.submitted(RunDescription(id: "run", jobs: [job], rowsOfFinishedJobs: 2)))
        #expect(driver.directives.grants.last?.lease == LeaseName(job: "a", epoch: 2))
        #expect(driver.scheduler.progress(of: "run")?.rows == 3)
        let turn = driver.take(.scores(LeaseName(job: "a", epoch: 2), batch: 1, rows: rows(1, 2)), from: 1)
        #expect(turn.commits.last == .run("run", .complete))
    }

    @Test("a run that is going on is not submitted twice, nor a job, nor is a session opened twice")
    func twice() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a"), .sample("a")])
        driver.submit(jobs: [.sample("b")])
        driver.submit("other", jobs: [.sample("a")])
        #expect(driver.scheduler.progress(of: "run")?.openJobs == 1)
        #expect(driver.scheduler.progress(of: "other")?.state == .complete)
        driver.join("w1", session: 1)
        #expect(
            driver.take(.hello(Hello(engine: .sample, host: "h", bootID: "b"), worker: "w2", session: 1)).sent(to: 1)
                == [])
        #expect(driver.scheduler.counters.messagesIgnored == 4)
    }

    @Test("a late Hello of an earlier life does not put the worker out")
    func earlierLife() {
        var driver = SchedulerDriver()
        driver.join("w1", session: 1, boot: "first")
        driver.join("w1", session: 2, boot: "second")
        let turn = driver.take(.hello(Hello(engine: .sample, host: "host", bootID: "first"), worker: "w1", session: 3))
        guard case .reject(.busy, _, _)? = turn.sent(to: 3).first else {
            Issue.record("\(turn)")
            return
        }
        #expect(driver.scheduler.session(of: "w1") == 2)
    }

    @Test("a worker gets jobs for the model that its Hello names")
    func loadedModel() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a", model: "m"), .sample("b", model: "n")])
        var hello = Hello(engine: .sample, host: "h", bootID: "b")
        hello.loadedModel = "n"
        driver.take(.hello(hello, worker: "w1", session: 1))
        #expect(driver.take(.credit(slots: 1), from: 1).granted == ["b→1"])
    }

    @Test("status tells of leases, rows and counters")
    func status() throws {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a", examples: 5)], priority: 3)
        driver.join("w1", session: 1)
        let first = LeaseName(job: "a", epoch: 1)
        driver.take(.scores(first, batch: 1, rows: rows(0, 1)), from: 1)
        driver.take(.scores(first, batch: 1, rows: rows(0, 1)), from: 1)
        driver.pass(2_000, beating: [1: [LeaseProgress(lease: first, examplesDone: 3, currentExample: 3)]])
        let worker = try #require(driver.scheduler.workers.first)
        #expect((worker.rows, worker.failures, worker.model) == (2, 0, "m"))
        let work = try #require(worker.work.first)
        #expect((work.lease, work.run, work.cell, work.purpose) == (first, "run", "cell", .score))
        #expect((work.examples, work.examplesDone, work.age) == (5, 3, 2_000))
        let progress = try #require(driver.scheduler.progress(of: "run"))
        #expect((progress.priority, progress.jobsLeased, progress.checksOpen) == (3, 1, 0))
        let counters = Dictionary(uniqueKeysWithValues: driver.scheduler.counters.all.map { ($0.name, $0.value) })
        #expect(counters["rows_stored"] == 2)
        #expect(counters["rows_duplicate"] == 2)
        #expect(counters["jobs_granted"] == 1)
        #expect(counters["sessions_opened"] == 1)
    }
}
