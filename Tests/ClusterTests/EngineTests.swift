import Cluster
import Testing

@Suite("A run's model is scored by one engine")
struct EngineTests {
    @Test("the first engine that gets a job of a model gets all of them")
    func binding() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a"), .sample("b"), .sample("c", model: "n")])
        let first = driver.join("w1", session: 1, arithmetic: "cpu/packed")
        #expect(first.granted == ["a→1"])
        #expect(first.commits.contains(.bound(run: "run", model: "m", engine: "1 cpu/packed")))
        // Another engine may not score that model, but one that nobody has begun.
        #expect(driver.join("w2", session: 2, slots: 3, arithmetic: "cuda").granted == ["c→2"])
        #expect(driver.join("w3", session: 3, slots: 3, arithmetic: "cpu/packed").granted == ["b→3"])
    }

    @Test("another build is another engine")
    func builds() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a"), .sample("b")])
        driver.join("w1", session: 1)
        let newer = EngineDescription(build: "2", name: "cpu", arithmetic: "cpu")
        driver.take(.hello(Hello(engine: newer, host: "h", bootID: "b"), worker: "w2", session: 2))
        #expect(driver.take(.credit(slots: 1), from: 2).granted.isEmpty)
        let progress = driver.scheduler.progress(of: "run")
        #expect(progress?.boundEngines == ["1 cpu"] && progress?.barredWorkers == 1)
        #expect(progress?.awaitedEngines == [])
    }

    @Test("nobody is barred from a run that has jobs of a model that nobody has begun")
    func open() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a"), .sample("b"), .sample("c", model: "n")])
        driver.join("w1", session: 1, arithmetic: "cpu/packed")
        driver.join("w2", session: 2, slots: 0, arithmetic: "cuda")
        #expect(driver.scheduler.progress(of: "run")?.barredWorkers == 0)
        driver.take(.credit(slots: 1), from: 2)
        #expect(driver.scheduler.progress(of: "run")?.barredWorkers == 1)
    }

    @Test("a lease is not left to a worker that came back with another engine")
    func adoption() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        let lease = driver.join("w1", session: 1, arithmetic: "cpu/packed").grants[0].lease
        let back = driver.join("w1", session: 2, arithmetic: "cuda", holding: [lease])
        #expect(back.releases == [.disowned])
        #expect(back.granted.isEmpty)
        #expect(driver.scheduler.progress(of: "run")?.awaitedEngines == ["1 cpu/packed"])
        #expect(driver.join("w3", session: 3, arithmetic: "cpu/packed").granted == ["a→3"])
        #expect(driver.scheduler.progress(of: "run")?.awaitedEngines == [])
    }

    @Test("a failed job is tried again only by its model's engine")
    func retries() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        let lease = driver.join("w1", host: "h1", session: 1, arithmetic: "cpu/packed").grants[0].lease
        driver.join("w2", host: "h2", session: 2, arithmetic: "cuda")
        driver.take(.jobFailed(lease, .worker, detail: "out of memory"), from: 1)
        driver.join("w3", host: "h3", session: 3, arithmetic: "cpu/packed")
        driver.passUntilGrant(beating: [1, 2, 3])
        #expect(driver.directives.grants.map(\.session) == [1, 3])
    }

    @Test("a failed job does not wait for hosts whose engine may not try it")
    func turns() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a")])
        let lease = driver.join("w1", host: "h1", session: 1, arithmetic: "cpu/packed").grants[0].lease
        driver.join("w2", host: "h2", session: 2, arithmetic: "cuda")
        driver.join("w3", host: "h3", session: 3, arithmetic: "cuda")
        driver.take(.jobFailed(lease, .worker, detail: "out of memory"), from: 1)
        driver.passUntilGrant(beating: [1, 2, 3])
        #expect(driver.directives.grants.map(\.session) == [1, 1])
    }

    @Test("a recovered run keeps its engine")
    func recovery() {
        var driver = SchedulerDriver(incarnation: 2)
        let run = RunDescription(id: "run", jobs: [.sample("a")], bindings: ["m": "1 cpu/packed"])
        driver.take(.recovered([run]))
        #expect(driver.join("w1", session: 1, arithmetic: "cuda").granted.isEmpty)
        #expect(driver.join("w2", session: 2, arithmetic: "cpu/packed").granted == ["a→2"])
    }

    @Test("a job goes only to workers that compute in its precision")
    func precisions() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a", model: "n", precision: "bf16"), .sample("b")])
        #expect(driver.join("w1", session: 1, slots: 2).granted == ["b→1"])
        #expect(driver.scheduler.progress(of: "run")?.awaitedPrecisions == ["bf16"])
        let newer = EngineDescription(build: "2", name: "cpu", arithmetic: "cpu")
        var hello = Hello(engine: newer, host: "h2", bootID: "b")
        hello.precisions = ["fp32", "bf16"]
        driver.take(.hello(hello, worker: "w2", session: 2))
        #expect(driver.scheduler.progress(of: "run")?.awaitedPrecisions == [])
        let lease = LeaseName(job: "a", epoch: 1)
        #expect(driver.take(.credit(slots: 1), from: 2).granted == ["a→2"])
        // What failed there goes back to it, for there is nobody else.
        driver.take(.jobFailed(lease, .worker, detail: "out of memory"), from: 2)
        driver.passUntilGrant(beating: [1, 2])
        #expect(driver.directives.granted == ["b→1", "a→2", "a→2"])
    }

    @Test("a lease is not left to a worker that came back without its precision")
    func lostPrecision() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [.sample("a", precision: "bf16")])
        var hello = Hello(engine: .sample, host: "h", bootID: "boot")
        hello.precisions = ["bf16"]
        driver.take(.hello(hello, worker: "w1", session: 1))
        let lease = driver.take(.credit(slots: 1), from: 1).grants[0].lease
        let back = driver.join("w1", session: 2, holding: [lease])
        #expect(back.releases == [.disowned])
        #expect(driver.take(.scores(lease, batch: 1, rows: rows(0)), from: 2).sent(to: 2) == [.cancel(lease)])
    }

    @Test("a Hello that names too many precisions is refused")
    func tooManyPrecisions() {
        var driver = SchedulerDriver()
        var hello = Hello(engine: .sample, host: "h", bootID: "b")
        hello.precisions = Array(repeating: "fp32", count: 17)
        driver.take(.hello(hello, worker: "w1", session: 1))
        #expect(driver.scheduler.session(of: "w1") == nil)
    }
}
