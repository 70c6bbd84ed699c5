import Cluster
import Testing
import Wire

/// What a worker keeps on disk, and how much of it is under way.
struct WorkerSpoolTests {
    private let a = LeaseName(job: "a", epoch: 1)

    private func batch(_ number: UInt64, _ example: UInt32) -> SpooledBatch {
        SpooledBatch(lease: a, number: number, rows: rows(example))
    }

    @Test("a batch is on disk before it is sent, and struck off when it is durable")
    func keeping() {
        var driver = WorkerDriver()
        driver.grant(a)
        driver.take(.produced(a, rows: rows(0, 1)))
        let turn = driver.take(.finished(a))
        let batch = SpooledBatch(lease: a, number: 1, rows: rows(0, 1))
        #expect(turn == [.keep(batch), .send(.scores(a, batch: 1, rows: batch.rows))])
        #expect(driver.hear(.ack(a, batch: 1)).first == .discard(a, batch: 1))
        #expect(!driver.hear(.ack(a, batch: 1)).contains(.discard(a, batch: 1)))
    }

    @Test("rows that cannot be sent are on disk all the same")
    func offline() {
        var driver = WorkerDriver()
        driver.grant(a)
        driver.pass(6_100)
        #expect(driver.session.state == .connecting)
        let turn = driver.take(.produced(a, rows: rows(0))) + driver.pass(300)
        #expect(turn.contains(.keep(batch(1, 0))))
        #expect(!turn.messages.contains(.scores(a, batch: 1, rows: rows(0))))
    }

    @Test("batches of an earlier life are sent under their old lease, and leave the disk by Ack or Cancel")
    func earlierLife() {
        let b = SpooledBatch(lease: LeaseName(job: "b", epoch: 3), number: 7, rows: rows(4))
        var driver = WorkerDriver(welcomed: false, spooled: [batch(1, 0), batch(2, 1), b])
        #expect(driver.session.unacknowledgedRows == 3)
        let welcome = driver.hear(.welcome(heartbeat: 2_000, lease: 30_000, kept: []))
        #expect(
            welcome.messages.dropLast() == [
                .scores(a, batch: 1, rows: rows(0)), .scores(a, batch: 2, rows: rows(1)),
                .scores(b.lease, batch: 7, rows: rows(4)),
            ])
        #expect(driver.hear(.ack(b.lease, batch: 7)) == [.discard(b.lease, batch: 7)])
        let cancelled = driver.hear(.cancel(a))
        #expect(cancelled == [.discard(a, batch: 1), .discard(a, batch: 2)])
        #expect(driver.session.unacknowledgedRows == 0)
    }

    @Test("a repeated grant of a lease that an earlier life had is not taken")
    func repeatedGrant() {
        var driver = WorkerDriver(spooled: [batch(1, 0)])
        driver.grant(a)
        #expect(driver.session.leases.isEmpty)
    }

    @Test("the coordinator sets how many bytes may be under way")
    func window() {
        var parameters = WorkerParameters()
        parameters.batchRows = 1
        var driver = WorkerDriver(parameters: parameters)
        driver.grant(a, examples: Array(0..<9))
        driver.hear(.heartbeatAck(renewed: [], cancelled: [], window: 60))
        let turn = driver.take(.produced(a, rows: rows(0, 1, 2)))  // 56 bytes each
        #expect(turn.messages == [.scores(a, batch: 1, rows: rows(0))])
        #expect(driver.hear(.heartbeatAck(renewed: [], cancelled: [], window: 130)).messages.count == 1)
        #expect(driver.hear(.ack(a, batch: 1)).messages == [.scores(a, batch: 3, rows: rows(2))])
    }

    @Test("a new session begins within its window, whatever was under way in the old one")
    func windowAfterSilence() {
        var parameters = WorkerParameters()
        parameters.batchRows = 1
        var driver = WorkerDriver(parameters: parameters)
        driver.grant(a, examples: Array(0..<9))
        driver.take(.produced(a, rows: rows(0, 1, 2)))
        driver.pass(6_100)
        let welcome = driver.hear(.welcome(heartbeat: 2_000, lease: 30_000, kept: [a], window: 120), session: 6)
        let numbers = welcome.messages.compactMap { if case .scores(_, let batch, _) = $0 { batch } else { nil } }
        #expect(numbers == [1, 2])
    }

    @Test("the model in memory is told with the next Hello, and the rows that wait with every heartbeat")
    func figures() {
        var driver = WorkerDriver(spooled: [batch(1, 0)])
        driver.take(.loaded(model: "m"))
        driver.hear(.reject(.session, detail: "", retryAfter: 1))
        guard case .hello(let hello)? = driver.all.messages.last else {
            Issue.record("\(driver.all)")
            return
        }
        #expect(hello.loadedModel == "m")
        driver.hear(.welcome(heartbeat: 2_000, lease: 30_000, kept: []), session: 6)
        let spooled = driver.pass(2_100).messages.compactMap { message -> UInt64? in
            if case .heartbeat(_, let load) = message { load.spoolBytes } else { nil }
        }
        #expect(spooled == [56])
    }

    @Test("the example that a job failed at is reported")
    func failingExample() {
        var driver = WorkerDriver()
        driver.grant(a)
        let turn = driver.take(.failed(a, .data, detail: "no such token", example: 1))
        #expect(turn.messages == [.jobFailed(a, .data, detail: "no such token", example: 1)])
    }
}
