import Cluster
import Logging
import Messaging
import Wire

/// The worker's thread: it owns the socket, feeds the session, and never computes.
struct WorkerLoop: PollHandler {
    private static let tick = Duration.milliseconds(100)

    let dealer: DealerEndpoint
    let log: Logger
    private(set) var session: WorkerSession
    private let onExit: @Sendable (WorkerExit) -> Void
    private var hasExited = false
    private var failure: (any Error)?
    /// Jobs with their tokens, from their grant until the session forgets them.
    private var jobs: [LeaseName: WireJob] = [:]
    private var compute: ComputeThread?
    private let clock = LoopClock()
    private var sent: UInt64 = 0
    private var greeted = false

    init(
        dealer: DealerEndpoint, greeting: Hello, parameters: WorkerParameters, log: Logger,
        onExit: @escaping @Sendable (WorkerExit) -> Void
    ) {
        self.dealer = dealer
        self.log = log
        self.onExit = onExit
        session = WorkerSession(greeting: greeting, parameters: parameters)
    }

    var pollables: [any Pollable] { [dealer] }

    /// The thread that computes, once there is one.
    mutating func install(_ compute: ComputeThread) { self.compute = compute }

    mutating func turn(now: MonotonicInstant) throws -> NextTurn {
        if let failure { throw failure }
        while let event = try dealer.nextEvent() {
            log.debug("connection: \(event)")
            guard case .ready = event, !greeted else { continue }
            greeted = true
            try handle(.connected)
        }
        while let frame = try dealer.receive() { try receive(frame) }
        if greeted { try handle(.tick) }
        return hasExited ? .stop : .at(now + Self.tick)
    }

    /// Takes an event from another thread; if that fails, so does the next turn.
    mutating func take(_ event: WorkerEvent) {
        do {
            try handle(event)
        } catch {
            failure = error
        }
    }

    /// Hands an event to the session and does what it says.
    private mutating func handle(_ event: WorkerEvent) throws {
        for directive in session.handle(event, at: clock.instant(.now)) { try obey(directive) }
    }

    private mutating func receive(_ frame: [UInt8]) throws {
        do {
            let envelope = try Envelope.decode(frame)
            guard let message = CoordinatorMessage(envelope.message) else {
                return log.warning("dropped a message of type \(envelope.message.type)")
            }
            if case .job(let job) = envelope.message { jobs[LeaseName(job: job.job, epoch: job.epoch)] = job }
            try handle(
                .received(message, session: envelope.header.session, incarnation: envelope.header.incarnation))
        } catch let error as WireError {
            log.warning("dropped a frame: \(error)")
        }
    }

    private mutating func obey(_ directive: WorkerDirective) throws {
        switch directive {
        case .send(let message): try send(message)
        case .keep, .discard: break
        case .start(let lease, let examples):
            guard let job = jobs[lease] else { return log.error("no tokens for \(lease.job)") }
            log.info(
                "job",
                metadata: ["job": "\(lease.job)", "epoch": "\(lease.epoch)", "examples": "\(examples.count)"])
            compute?.start(ComputeThread.Task(lease: lease, job: job, examples: examples))
        case .finishCurrent(let lease): compute?.finishCurrent(lease)
        case .abandon(let lease): compute?.abandon(lease)
        case .forget(let lease): jobs[lease] = nil
        case .exit(let reason):
            hasExited = true
            onExit(reason)
        case .note(let text): log.notice("\(text)")
        }
    }

    private mutating func send(_ message: WorkerMessage) throws {
        var (session, incarnation) = (session.session, session.incarnation)
        if case .hello = message { (session, incarnation) = (0, 0) }
        sent += 1
        let frame = try Envelope.encode(message.wire, incarnation: incarnation, session: session, sequence: sent)
        // What is lost here is said again: the session keeps rows until their Ack and repeats its Hello.
        if try dealer.send(frame) != .sent { log.debug("not connected: a message was dropped") }
    }
}
