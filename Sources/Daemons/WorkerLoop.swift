import Cluster
import Foundation
import Logging
import Messaging
import Wire

/// The worker's thread: it owns the socket and the spool, feeds the session, and never computes.
struct WorkerLoop: PollHandler {
    private static let tick = Duration.milliseconds(100)
    private static let betweenMeasurements: Milliseconds = 1_000

    let dealer: DealerEndpoint
    let spool: WorkerSpool
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
    private var load = WorkerLoad()
    private var measured: Instant?
    private let health: HealthFile?
    /// When to begin to drain unasked.
    private var leaveAt: Instant?

    init(
        dealer: DealerEndpoint, spool: WorkerSpool, health: HealthFile?, greeting: Hello,
        parameters: WorkerParameters, leaveAfter: Milliseconds?, log: Logger,
        onExit: @escaping @Sendable (WorkerExit) -> Void
    ) {
        self.dealer = dealer
        self.spool = spool
        self.health = health
        leaveAt = leaveAfter.map { Instant(milliseconds: max(0, $0)) }
        self.log = log
        self.onExit = onExit
        session = WorkerSession(greeting: greeting, parameters: parameters, spooled: spool.recovered)
    }

    var pollables: [any Pollable] { [dealer] }

    /// The thread that computes, once there is one.
    mutating func install(_ compute: ComputeThread) { self.compute = compute }

    mutating func turn(now: MonotonicInstant) throws -> NextTurn {
        if let failure { throw failure }
        try measure(clock.instant(now))
        while let event = try dealer.nextEvent() {
            log.debug("connection: \(event)")
            guard case .ready = event, !greeted else { continue }
            greeted = true
            try handle(.connected)
        }
        while let frame = try dealer.receive() { try receive(frame) }
        try leaveInTime(clock.instant(now))
        if greeted { try handle(.tick) }
        if hasExited {
            spool.close()
            health?.remove()
        }
        return hasExited ? .stop : .at(now + Self.tick)
    }

    /// Takes an event from another thread; if that fails, so does the next turn.
    mutating func take(_ event: WorkerEvent) {
        do {
            if case .measured(let figures) = event {
                load.tokensPerSecond = figures.tokensPerSecond
            } else {
                try handle(event)
            }
        } catch {
            failure = error
        }
    }

    /// Drains when what started the worker is about to end it.
    private mutating func leaveInTime(_ now: Instant) throws {
        guard let leaveAt, now >= leaveAt else { return }
        self.leaveAt = nil
        log.notice("leaving before the time that this worker was given ends")
        try handle(.shutdown)
    }

    /// Tells the session of what the machine has, for its next heartbeat.
    private mutating func measure(_ now: Instant) throws {
        if let measured, now - measured < Self.betweenMeasurements { return }
        measured = now
        load.residentBytes = Machine.residentBytes
        load.freeMemoryBytes = Machine.freeMemoryBytes
        load.freeDiskBytes = Machine.freeDiskBytes(at: spool.folder)
        try handle(.measured(load))
        health?.write(session.state.rawValue)
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
        case .keep(let batch): spool.keep(batch)
        case .discard(let lease, let batch): spool.discard(lease, batch: batch)
        case .start(let lease, let examples): start(lease, examples)
        case .finishCurrent(let lease): compute?.finishCurrent(lease)
        case .abandon(let lease): compute?.abandon(lease)
        case .forget(let lease): jobs[lease] = nil
        case .exit(let reason):
            hasExited = true
            onExit(reason)
        case .note(let text): log.notice("\(text)", metadata: ["session": "\(session.session)"])
        }
    }

    private mutating func start(_ lease: LeaseName, _ examples: [UInt32]) {
        guard let job = jobs[lease] else { return log.error("no tokens for \(lease.job)") }
        log.info(
            "job",
            metadata: [
                "run": "\(job.run)", "job": "\(lease.job)", "epoch": "\(lease.epoch)", "session": "\(session.session)",
                "purpose": "\(LeasePurpose(job.purpose).rawValue)", "examples": "\(examples.count)",
            ])
        compute?.start(ComputeThread.Task(lease: lease, job: job, examples: examples))
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
