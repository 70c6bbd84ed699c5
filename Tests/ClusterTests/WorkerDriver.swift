import Cluster
import Wire

/// A worker session with a clock to turn, and a coordinator that says what a test says.
struct WorkerDriver {
    var session: WorkerSession
    var now = Instant(milliseconds: 1_000)
    var all: [WorkerDirective] = []

    init(
        parameters: WorkerParameters = WorkerParameters(), welcomed: Bool = true, spooled: [SpooledBatch] = []
    ) {
        let hello = Hello(engine: .sample, host: "h", bootID: "b")
        session = WorkerSession(greeting: hello, parameters: parameters, spooled: spooled)
        take(.connected)
        if welcomed { hear(.welcome(heartbeat: 2_000, lease: 30_000, kept: [])) }
    }

    @discardableResult
    mutating func take(_ event: WorkerEvent) -> [WorkerDirective] {
        let new = session.handle(event, at: now)
        all += new
        return new
    }

    @discardableResult
    mutating func hear(
        _ message: CoordinatorMessage, session: SessionID = 5, incarnation: UInt64 = 3
    ) -> [WorkerDirective] {
        take(.received(message, session: session, incarnation: incarnation))
    }

    @discardableResult
    mutating func pass(_ span: Milliseconds, answered: Bool = false) -> [WorkerDirective] {
        let (start, end) = (all.count, now + span)
        while now < end {
            now = now + min(50, end - now)
            if answered, now.milliseconds % 1_000 == 0 { hear(.heartbeatAck(renewed: [], cancelled: [])) }
            take(.tick)
        }
        return Array(all[start...])
    }

    mutating func grant(_ lease: LeaseName, examples: [UInt32] = [0, 1]) {
        hear(.grant(lease, examples: examples, lease: 30_000))
    }
}

extension [WorkerDirective] {
    var messages: [WorkerMessage] {
        compactMap { if case .send(let message) = $0 { message } else { nil } }
    }
}
