import Cluster
import Testing
import Wire

/// The worker's side: what it keeps, sends again, drops and gives back.
struct WorkerSessionTests {
    private let a = LeaseName(job: "a", epoch: 1)
    private let b = LeaseName(job: "b", epoch: 1)

    @Test("it says Hello, and once welcome asks for jobs")
    func greeting() {
        let driver = WorkerDriver()
        let hello = Hello(engine: .sample, host: "h", bootID: "b")
        #expect(driver.all == [.send(.hello(hello)), .send(.credit(slots: 2))])
        #expect(driver.session.state == .ready)
    }

    @Test("it says Hello again, less and less often, until it is welcome")
    func patience() {
        var driver = WorkerDriver(welcomed: false)
        let hellos = driver.pass(60_000).messages.count { if case .hello = $0 { true } else { false } }
        #expect(hellos == 5)  // After 2, 6, 14, 30 and 46 s.
    }

    @Test("jobs are computed one after another")
    func order() {
        var driver = WorkerDriver()
        driver.grant(a)
        driver.grant(b)
        #expect(driver.all.contains(.start(a, examples: [0, 1])))
        #expect(!driver.all.contains(.start(b, examples: [0, 1])))
        #expect(driver.take(.finished(a)).contains(.start(b, examples: [0, 1])))
    }

    @Test("rows leave in batches of 64, or after 250 ms")
    func batching() {
        var driver = WorkerDriver()
        driver.grant(a, examples: Array(0..<100))
        let first = (0..<64).map { rows(UInt32($0))[0] }
        #expect(driver.take(.produced(a, rows: first)).messages == [.scores(a, batch: 1, rows: first)])
        #expect(driver.take(.produced(a, rows: rows(64))).isEmpty)
        #expect(driver.pass(200).isEmpty)
        #expect(driver.pass(50).messages == [.scores(a, batch: 2, rows: rows(64))])
    }

    @Test("a job is reported done after the Ack of its last batch")
    func done() {
        var driver = WorkerDriver()
        driver.grant(a)
        driver.take(.produced(a, rows: rows(0, 1)))
        #expect(driver.take(.finished(a)).messages == [.scores(a, batch: 1, rows: rows(0, 1))])
        #expect(driver.hear(.ack(a, batch: 1)) == [.discard(a, batch: 1), .send(.jobDone(a)), .forget(a)])
        #expect(driver.session.leases.isEmpty)
    }

    @Test("an unacknowledged batch is sent again, at the latest in the next session")
    func resending() {
        var driver = WorkerDriver()
        driver.grant(a)
        driver.take(.produced(a, rows: rows(0)))
        let scores = WorkerMessage.scores(a, batch: 1, rows: rows(0))
        #expect(driver.pass(300, answered: true).messages.contains(scores))
        #expect(driver.pass(7_000, answered: true).messages.contains(scores))
        driver.pass(7_000)
        #expect(driver.session.state == .connecting)
        let welcome = driver.hear(.welcome(heartbeat: 2_000, lease: 30_000, kept: [a]), session: 6)
        #expect(welcome.messages == [scores, .credit(slots: 2)])
    }

    @Test("after a silence of three heartbeats it says Hello with the leases that it holds")
    func silence() {
        var driver = WorkerDriver()
        driver.grant(a)
        let said = driver.pass(6_000).messages
        let hello = Hello(engine: .sample, host: "h", bootID: "b", leases: [a])
        #expect(said.last == .hello(hello))
        #expect(said.count { if case .heartbeat = $0 { true } else { false } } == 2)
    }

    @Test("a rejected session is opened anew at once")
    func rejectedSession() {
        var driver = WorkerDriver()
        let turn = driver.hear(.reject(.session, detail: "", retryAfter: 1))
        guard case .hello? = turn.messages.first else {
            Issue.record("\(turn)")
            return
        }
        #expect(driver.hear(.reject(.session, detail: "", retryAfter: 1)).isEmpty)
    }

    @Test("messages of an older coordinator are refused")
    func incarnation() {
        var driver = WorkerDriver()
        let turn = driver.hear(.welcome(heartbeat: 1, lease: 1, kept: []), session: 99, incarnation: 2)
        #expect(turn == [.note("refused a message of incarnation 2, older than 3")])
        driver.hear(.grant(a, examples: [0], lease: 1), incarnation: 2)
        #expect(driver.session.leases.isEmpty)
    }

    @Test("messages of an older session do not count")
    func oldSession() {
        var driver = WorkerDriver()
        driver.hear(.grant(a, examples: [0], lease: 1), session: 4)
        driver.hear(.drain, session: 4)
        #expect(driver.session.state == .ready)
    }

    @Test("a repeated grant is taken once")
    func repeatedGrant() {
        var driver = WorkerDriver()
        driver.grant(a)
        driver.take(.produced(a, rows: rows(0, 1)))
        driver.take(.finished(a))
        driver.hear(.ack(a, batch: 1))
        driver.grant(a)
        #expect(driver.session.leases.isEmpty)
    }

    @Test("a lost lease is abandoned, but its finished rows are still delivered")
    func lost() {
        var driver = WorkerDriver()
        driver.grant(a)
        driver.take(.produced(a, rows: rows(0)))
        let turn = driver.hear(.heartbeatAck(renewed: [], cancelled: [a]))
        #expect(turn.contains(.abandon(a)) && turn.contains(.forget(a)))
        #expect(turn.messages == [.scores(a, batch: 1, rows: rows(0))])
        #expect(driver.take(.produced(a, rows: rows(1))).isEmpty)
        #expect(driver.session.unacknowledgedRows == 1)
    }

    @Test("a cancelled job is dropped with its rows")
    func cancelled() {
        var driver = WorkerDriver()
        driver.grant(a)
        driver.take(.produced(a, rows: rows(0)))
        driver.pass(300)
        driver.take(.produced(a, rows: rows(1)))
        #expect(driver.hear(.cancel(a)).contains(.abandon(a)))
        #expect(driver.session.unacknowledgedRows == 0)
        #expect(driver.session.state == .ready)
    }

    @Test("leases that Welcome does not keep are dropped")
    func notKept() {
        var driver = WorkerDriver()
        driver.grant(a)
        driver.grant(b)
        driver.pass(6_000)
        let turn = driver.hear(.welcome(heartbeat: 2_000, lease: 30_000, kept: [b]), session: 6)
        #expect(turn.contains(.abandon(a)))
        #expect(turn.contains(.start(b, examples: [0, 1])))
        #expect(driver.session.leases == [b])
    }

    @Test("a failure is reported after the rows before it")
    func failure() {
        var driver = WorkerDriver()
        driver.grant(a)
        driver.take(.produced(a, rows: rows(0)))
        let turn = driver.take(.failed(a, .worker, detail: "out of memory"))
        #expect(
            turn.messages == [.scores(a, batch: 1, rows: rows(0)), .jobFailed(a, .worker, detail: "out of memory")])
    }

    @Test("it drains: finishes the example, returns the rest, waits for Acks, says Bye")
    func draining() {
        var driver = WorkerDriver()
        driver.grant(a)
        driver.grant(b)
        let turn = driver.take(.shutdown)
        #expect(turn.contains(.finishCurrent(a)))
        #expect(turn.messages == [.draining, .leaseReturn(b), .credit(slots: 0)])
        driver.take(.produced(a, rows: rows(0)))
        let stopped = driver.take(.stopped(a))
        #expect(stopped.messages == [.scores(a, batch: 1, rows: rows(0)), .leaseReturn(a)])
        #expect(driver.session.state == .draining)
        #expect(driver.hear(.ack(a, batch: 1)) == [.discard(a, batch: 1), .send(.bye), .exit(.drained)])
        #expect(driver.session.state == .closed)
    }

    @Test("an example that does not end is abandoned after 25 s of draining")
    func stubbornExample() {
        var driver = WorkerDriver()
        driver.grant(a)
        driver.hear(.drain)
        #expect(driver.pass(24_000, answered: true).count { $0 == .abandon(a) } == 0)
        let turn = driver.pass(1_100, answered: true)
        #expect(turn.contains(.abandon(a)))
        #expect(turn.messages.suffix(2) == [.leaseReturn(a), .bye])
    }

    @Test("without a coordinator it leaves at last, and says how many rows it could not deliver")
    func undelivered() {
        var driver = WorkerDriver()
        driver.grant(a)
        driver.take(.produced(a, rows: rows(0)))
        driver.take(.shutdown)
        driver.take(.stopped(a))
        #expect(driver.pass(41_000).last == .exit(.unacknowledged(rows: 1)))
    }

    @Test("it stops computing after ten minutes without a coordinator, and keeps the rows")
    func offline() {
        var driver = WorkerDriver()
        driver.grant(a)
        driver.take(.produced(a, rows: rows(0)))
        #expect(!driver.pass(600_000).contains(.abandon(a)))
        #expect(driver.pass(10_000).contains(.abandon(a)))
        #expect(driver.session.unacknowledgedRows == 1)
    }

    @Test("it asks for no jobs while too many rows are unacknowledged, and sends no more than the window at once")
    func limits() {
        var parameters = WorkerParameters()
        parameters.batchRows = 1
        parameters.window = 120
        parameters.spoolLimit = 200
        var driver = WorkerDriver(parameters: parameters)
        driver.grant(a, examples: Array(0..<9))
        let turn = driver.take(.produced(a, rows: rows(0, 1, 2, 3, 4)))  // 56 bytes each
        #expect(turn.messages.count == 3)
        #expect(turn.messages.last == .credit(slots: 0))
        driver.hear(.ack(a, batch: 1))
        let next = driver.hear(.ack(a, batch: 2))
        #expect(next.messages.contains(.credit(slots: 2)))
    }

    @Test("a worker that is not wanted leaves with the reason", arguments: [WireRejectCode.version, .role, .malformed])
    func unwanted(code: WireRejectCode) {
        var driver = WorkerDriver(welcomed: false)
        let turn = driver.hear(.reject(code, detail: "no", retryAfter: 0), session: 0)
        #expect(turn == [.exit(.rejected(detail: "no"))])
    }

    @Test("a busy coordinator is asked again when it said")
    func busy() {
        var driver = WorkerDriver(welcomed: false)
        driver.hear(.reject(.busy, detail: "full", retryAfter: 10_000), session: 0)
        #expect(driver.pass(9_900).messages.isEmpty)
        #expect(driver.pass(200).messages.count == 1)
    }

    @Test("a worker beats at the interval that it was told last")
    func interval() {
        var driver = WorkerDriver()
        driver.pass(2_000)
        driver.hear(.heartbeatAck(renewed: [], cancelled: [], heartbeat: 10_000))
        func beats(_ directives: [WorkerDirective]) -> Int {
            directives.messages.count { if case .heartbeat = $0 { true } else { false } }
        }
        #expect(beats(driver.pass(21_000)) == 2)
        driver.hear(.heartbeatAck(renewed: [], cancelled: [], heartbeat: 1_000))
        driver.hear(.heartbeatAck(renewed: [], cancelled: []))
        #expect(beats(driver.pass(2_050)) == 2)
    }
}
