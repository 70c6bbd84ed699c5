import Cluster
import Testing
import Wire

@Suite("Workers are told how many bytes they may have under way")
struct WindowTests {
    @Test("a mebibyte each, and all together no more than the limit")
    func shares() {
        var driver = SchedulerDriver()
        #expect(driver.join("w", session: 1).windows(of: 1) == [1 << 20])
        for index in 2...600 as ClosedRange<UInt64> { driver.join("w\(index)", session: index) }
        #expect(driver.scheduler.workers.reduce(0) { $0 + $1.window } <= 256 << 20)
        for index in 1...600 as ClosedRange<UInt64> { driver.take(.heartbeat([], WorkerLoad()), from: index) }
        for index in 1...600 as ClosedRange<UInt64> { driver.take(.heartbeat([], WorkerLoad()), from: index) }
        #expect(driver.scheduler.workers.allSatisfy { $0.window > 400_000 && $0.window <= 256 << 20 / 600 })
    }

    @Test("a slow commit halves them, quick ones give them back slowly")
    func pacing() {
        var driver = SchedulerDriver()
        driver.join("w", session: 1)
        driver.take(.committed(251))
        #expect(driver.take(.heartbeat([], WorkerLoad()), from: 1).windows(of: 1) == [1 << 19])
        driver.take(.committed(10))
        let next = driver.take(.heartbeat([], WorkerLoad()), from: 1).windows(of: 1)[0]
        #expect(next > 1 << 19 && next < 1 << 19 + 1 << 14)
        for _ in 0..<200 { driver.take(.committed(10)) }
        #expect(driver.take(.heartbeat([], WorkerLoad()), from: 1).windows(of: 1) == [1 << 20])
        for _ in 0..<99 { driver.take(.committed(5_000)) }
        #expect(driver.take(.heartbeat([], WorkerLoad()), from: 1).windows(of: 1)[0] >= 1 << 14)
    }
}
