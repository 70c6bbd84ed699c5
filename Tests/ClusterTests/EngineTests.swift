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
}
