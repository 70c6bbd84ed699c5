import Cluster
import Testing
import Wire

@Suite("Jobs that measure")
struct MeasureJobTests {
    static func job(_ id: JobID, _ measure: String? = "memory") -> JobDescription {
        JobDescription(
            id: id, cell: "0", model: "m", examples: [0], estimatedTokens: 1000, measure: measure)
    }

    static func hello(_ measures: [String], protocolMaximum: UInt32 = ProtocolVersion.current.number) -> Hello {
        var hello = Hello(
            engine: EngineDescription(build: "1", name: "cpu", arithmetic: "cpu"), host: "h", bootID: "b",
            protocolMaximum: protocolMaximum)
        hello.measures = measures
        return hello
    }

    /// A job that measures, and two workers who each wish for one.
    private static func driver(_ parameters: SchedulerParameters) -> SchedulerDriver {
        var driver = SchedulerDriver(parameters: parameters)
        driver.submit(jobs: [job("a")])
        for (session, worker) in [(1, "w1"), (2, "w2")] as [(SessionID, WorkerKey)] {
            driver.take(.hello(hello(["memory"]), worker: worker, session: session))
            driver.take(.credit(slots: 1), from: session)
        }
        return driver
    }

    @Test("go only to workers that know the measure, and wait for one by its name")
    func known() {
        var driver = SchedulerDriver()
        driver.submit(jobs: [Self.job("a"), Self.job("b", nil)])
        // A worker of the protocol before.
        driver.take(.hello(Self.hello([], protocolMaximum: 257), worker: "old", session: 1))
        #expect(driver.take(.credit(slots: 4), from: 1).granted == ["b→1"])
        #expect(driver.scheduler.progress(of: "run")?.awaitedMeasures == ["memory"])
        driver.take(.hello(Self.hello(["throughput"]), worker: "other", session: 2))
        #expect(driver.take(.credit(slots: 4), from: 2).granted.isEmpty)
        driver.take(.hello(Self.hello(["throughput", "memory"]), worker: "new", session: 3))
        #expect(driver.take(.credit(slots: 4), from: 3).granted == ["a→3"])
        #expect(driver.scheduler.progress(of: "run")?.awaitedMeasures == [])
    }

    @Test("are not computed again by others: no row is another worker's to the bit")
    func unverified() {
        var parameters = SchedulerParameters()
        parameters.verification = 1
        var driver = Self.driver(parameters)
        let lease = LeaseName(job: "a", epoch: 1)
        driver.take(.scores(lease, batch: 1, rows: [WireRow()]), from: 1)
        driver.take(.jobDone(lease), from: 1)
        #expect(driver.scheduler.progress(of: "run")?.state == .complete)
        #expect(driver.scheduler.counters.checksGranted == 0)
    }

    @Test("take as long as their passes: none is given up, nor begun by a second worker, while one may be under way")
    func patience() {
        var parameters = SchedulerParameters.unverified
        parameters.passPatience = 1_200_000
        var driver = Self.driver(parameters)
        let lease = LeaseName(job: "a", epoch: 1)
        let progress = [LeaseProgress(lease: lease, examplesDone: 0, currentExample: 0)]
        // Longer than any job of scores may take without a row, and in all.
        driver.pass(1_100_000, beating: [1: progress, 2: []])
        #expect(driver.directives.grants.map(\.session) == [1])
        #expect(driver.scheduler.progress(of: "run")?.failedJobs == 0)
        // A pass that never ends is lost all the same.
        driver.pass(300_000, beating: [1: progress, 2: []])
        #expect(driver.directives.grants.map(\.session).contains(2))
    }

    @Test("a Hello with too many measures, or with too long a one, is refused", arguments: [true, false])
    func refused(isLong: Bool) {
        var driver = SchedulerDriver()
        let measures = isLong ? [String(repeating: "m", count: 1000)] : (0..<17).map { "m\($0)" }
        driver.take(.hello(Self.hello(measures), worker: "w", session: 1))
        #expect(driver.scheduler.session(of: "w") == nil)
    }
}
