import Cluster
import Jobs
import Logging
import Messaging
import Store
import Wire

/// The coordinator's thread: it reads sockets, feeds the scheduler, commits, and only then sends.
///
/// Everything that a turn decides is one transaction. A message that claims a durable fact (a lease, an acknowledged
/// row) waits until that transaction is on disk; a failed commit ends the loop before anything was claimed.
struct CoordinatorLoop: PollHandler {
    /// Messages that one turn takes, so that a commit stays small under a flood.
    private static let messagesPerTurn = 256
    private static let tickMilliseconds: Milliseconds = 250

    let store: ResultsStore
    let router: RouterEndpoint
    let log: Logger
    var scheduler: Scheduler
    var sessions: [SessionID: PeerSession] = [:]
    /// What each worker computes with, as its last Hello says.
    private var engines: [WorkerKey: EngineDescription] = [:]
    private var lastSession: SessionID = 0
    private var lastTick = Instant(milliseconds: 0)
    private var clock = LoopClock()

    // What the turn has brought so far.
    private var changes: [Change] = []
    private var outbox: [Outgoing] = []
    private var closed: [SessionID] = []

    /// Who is told after each turn that changed something.
    private var observers: [Int: AsyncStream<Void>.Continuation] = [:]
    private var lastObserver = 0

    /// Plans a submitted job elsewhere; installed by the service.
    var planSubmission: (@Sendable (_ request: WireSubmit, _ peer: PeerID) -> Void)?

    /// Where a worker's session is reached.
    struct PeerSession {
        let worker: WorkerKey
        var peer: PeerID
        var sent: UInt64 = 0
    }

    private enum Outgoing {
        case session(SessionID, CoordinatorMessage)
        case peer(PeerID, WireMessage)
    }

    init(store: ResultsStore, router: RouterEndpoint, _ options: CoordinatorService.Options) throws {
        self.store = store
        self.router = router
        log = options.log
        scheduler = Scheduler(incarnation: store.incarnation, parameters: options.parameters)
        let runs = try store.recovery().runs.filter { options.resuming?.contains($0.id) ?? true }
        if !runs.isEmpty {
            log.notice(
                "going on with \(runs.count) unfinished runs", metadata: ["incarnation": "\(store.incarnation)"])
            feed(.recovered(runs, revoked: []))
        }
    }

    var pollables: [any Pollable] { [router] }

    mutating func turn(now: MonotonicInstant) throws -> NextTurn {
        let instant = clock.instant(now)
        var received = 0
        while received < Self.messagesPerTurn, let inbound = try router.receive() {
            received += 1
            handle(inbound, at: instant)
        }
        if instant - lastTick >= Self.tickMilliseconds {
            lastTick = instant
            feed(.tick, at: instant)
        }
        try settle()
        return .at(now + .milliseconds(Int64(Self.tickMilliseconds)))
    }

    /// Hands an event to the scheduler and notes what is to be done.
    mutating func feed(_ event: SchedulerEvent, at now: Instant) {
        for directive in scheduler.handle(event, at: now) {
            switch directive {
            case .commit(let change): changes.append(change)
            case .send(let message, let session): outbox.append(.session(session, message))
            case .close(let session): closed.append(session)
            case .observe(let observation): log.observe(observation)
            }
        }
    }

    /// The same for an event that another thread brings.
    mutating func feed(_ event: SchedulerEvent) { feed(event, at: clock.instant(.now)) }

    /// Answers a peer after the turn's commit.
    mutating func answer(_ peer: PeerID, _ message: WireMessage) { outbox.append(.peer(peer, message)) }

    private mutating func handle(_ inbound: Inbound, at now: Instant) {
        let envelope: Envelope
        do {
            envelope = try Envelope.decode(inbound.payload)
        } catch {
            log.warning("dropped a frame: \(error)", metadata: ["worker": "\(inbound.userKey)"])
            return answer(inbound.peer, .reject(CoordinatorMessage.reject(error.rejectCode, "\(error)")))
        }
        if let message = WorkerMessage(envelope.message) {
            guard inbound.role == .worker else { return refuse(inbound, "compute") }
            handle(message, envelope, inbound, at: now)
        } else {
            handleClient(envelope.message, inbound)
        }
    }

    private mutating func handle(_ message: WorkerMessage, _ envelope: Envelope, _ inbound: Inbound, at now: Instant) {
        if case .hello(let hello) = message {
            lastSession += 1
            sessions[lastSession] = PeerSession(worker: inbound.userKey, peer: inbound.peer)
            engines[inbound.userKey] = hello.engine
            return feed(.hello(hello, worker: inbound.userKey, session: lastSession), at: now)
        }
        let id = envelope.header.session
        guard envelope.header.incarnation == scheduler.incarnation, sessions[id]?.worker == inbound.userKey else {
            let detail = "session \(id) of incarnation \(envelope.header.incarnation) is over: say Hello again"
            return answer(inbound.peer, .reject(CoordinatorMessage.reject(.session, detail, 1)))
        }
        if case .scores(let scores) = envelope.message, !scores.isSealed {
            // Left unanswered, the worker would send them again and again.
            let lease = LeaseName(job: scores.job, epoch: scores.epoch)
            return feed(
                .message(.jobFailed(lease, .worker, detail: "the digest of its rows is wrong"), session: id), at: now)
        }
        sessions[id]?.peer = inbound.peer
        feed(.message(message, session: id), at: now)
    }

    /// Tells a peer that its key does not give it the right to do something.
    mutating func refuse(_ inbound: Inbound, _ action: String) {
        let detail = "the key \(inbound.userKey) has the role \(inbound.role.rawValue), which may not \(action)"
        log.warning("\(detail)")
        answer(inbound.peer, .reject(CoordinatorMessage.reject(.role, detail)))
    }

    /// Tells a stream of every turn that changes something, until the stream ends; returns its number.
    mutating func addObserver(_ continuation: AsyncStream<Void>.Continuation) -> Int {
        lastObserver += 1
        observers[lastObserver] = continuation
        return lastObserver
    }

    mutating func removeObserver(_ number: Int) { observers[number] = nil }

    /// Commits what the turn decided, then sends what it claims.
    mutating func settle() throws {
        let isChanged = !changes.isEmpty
        if isChanged {
            let outcomes = try store.commit(changes, engines: engines)
            for (change, outcome) in zip(changes, outcomes) { note(change, outcome) }
            changes.removeAll(keepingCapacity: true)
        }
        for item in outbox {
            switch item {
            case .session(let id, let message): try send(message, to: id)
            case .peer(let peer, let message):
                _ = try router.send(encode(message, session: 0, sequence: 0), to: peer)
            }
        }
        outbox.removeAll(keepingCapacity: true)
        for id in closed { sessions[id] = nil }
        closed.removeAll(keepingCapacity: true)
        if isChanged { for observer in observers.values { observer.yield() } }
    }

    private mutating func send(_ message: CoordinatorMessage, to id: SessionID) throws {
        guard let session = sessions[id] else { return }
        sessions[id]?.sent += 1
        let wire = try message.wire(session: id, incarnation: scheduler.incarnation) { lease, examples, span, purpose in
            try job(lease, examples: examples, span: span, purpose)
        }
        let frame = try encode(wire, session: id, sequence: session.sent + 1)
        if try router.send(frame, to: session.peer) != .sent {
            log.info("a message did not leave: its peer is gone or slow", metadata: ["session": "\(id)"])
        }
    }

    private func encode(_ message: WireMessage, session: SessionID, sequence: UInt64) throws -> [UInt8] {
        try Envelope.encode(message, incarnation: scheduler.incarnation, session: session, sequence: sequence)
    }

    /// A granted job with the tokens of its examples.
    private func job(
        _ lease: LeaseName, examples: [UInt32], span: Milliseconds, _ purpose: LeasePurpose
    ) throws -> WireJob {
        try store.read { view in
            guard let order = try view.order(of: lease.job) else { throw CoordinatorError.unknownJob(lease.job) }
            let requests = try view.requests(job: lease.job, examples: examples)
            return .with {
                $0.job = lease.job
                $0.epoch = lease.epoch
                $0.run = order.run
                $0.model = .with {
                    $0.id = order.model.id
                    $0.path = order.model.path
                    $0.sha256 = order.model.sha256
                }
                $0.reduction = order.reduction
                $0.precision = order.precision
                $0.examples = requests
                $0.leaseMilliseconds = UInt32(clamping: span)
                $0.purpose = purpose.wire
            }
        }
    }

    private mutating func note(_ change: Change, _ outcome: ChangeOutcome) {
        switch outcome {
        case .applied: break
        case .rows(let rows):
            guard !rows.disagreements.isEmpty || !rows.unexpected.isEmpty else { return }
            log.error(
                "rows disagree with stored ones or are unexpected",
                metadata: ["disagreements": "\(rows.disagreements)", "unexpected": "\(rows.unexpected)"])
        case .refused(let reason): log.error("the store refused a change: \(reason)")
        }
    }
}

/// The scheduler's clock: milliseconds since the loop was made.
struct LoopClock {
    private let start = MonotonicInstant.now

    func instant(_ now: MonotonicInstant) -> Instant {
        let (seconds, attoseconds) = max(.zero, start.duration(to: now)).components
        return Instant(milliseconds: Milliseconds(seconds) * 1000 + Milliseconds(attoseconds / 1_000_000_000_000_000))
    }
}
