import Wire

/// A worker's side of the protocol. A pure value.
///
///     connecting ──Welcome──► ready ◄──────► working ──shutdown or Drain──► draining ──► closed
///         ▲                     │ jobs         │                              │
///         └── Reject(SESSION), ─┴──────────────┴──────────────────────────────┘
///             or silence: the leases are held, the work goes on
///
/// What always holds: a row is kept until the Ack of its batch, on disk before it is first sent; JobDone follows the last Ack; a message of a lower
/// incarnation than the highest seen is refused; after a new Welcome only the leases that it keeps are held, while
/// finished rows of the others are still delivered.
public struct WorkerSession: Sendable {
    /// Where the session stands.
    public enum State: String, Sendable, Equatable {
        case connecting, ready, working, draining, closed
    }

    /// The numbers that it works with.
    public let parameters: WorkerParameters
    /// What Welcome named; 0 before.
    public internal(set) var session: SessionID = 0
    public internal(set) var incarnation: UInt64 = 0

    var greeting: Hello
    var isConnected = false
    var isClosed = false
    /// When the worker began to drain.
    var drainSince: Instant?
    var held: [HeldJob] = []
    /// The latest leases taken. A repeated one would number its batches as before, and mistake old Acks for its own.
    var recent: [LeaseName] = []
    static let recentLimit = 64
    var spool: Spool
    var load = WorkerLoad()
    var heartbeat: Milliseconds
    var creditSent: UInt32?
    var heartbeatDue = Instant(milliseconds: 0)
    var lastHeard = Instant(milliseconds: 0)
    var silentSince = Instant(milliseconds: 0)
    var helloDue = Instant(milliseconds: 0)
    var helloRetry: Milliseconds
    var directives: [WorkerDirective] = []

    /// A session that greets with `hello`, whose leases it fills in.
    ///
    /// - Parameter spooled: the batches that earlier lives of this worker left on disk, oldest first. They are sent
    ///   under their old leases; the coordinator acknowledges those that it can use and cancels the others.
    public init(
        greeting hello: Hello, parameters: WorkerParameters = WorkerParameters(), spooled: [SpooledBatch] = []
    ) {
        greeting = hello
        self.parameters = parameters
        spool = Spool(window: parameters.window)
        for batch in spooled where !batch.rows.isEmpty {
            spool.append(batch)
            if recent.last != batch.lease { recent.append(batch.lease) }
        }
        heartbeat = parameters.heartbeat
        helloRetry = parameters.helloRetry
    }

    /// Where the session stands.
    public var state: State {
        if isClosed { return .closed }
        if drainSince != nil { return .draining }
        if !isConnected { return .connecting }
        return held.isEmpty ? .ready : .working
    }

    /// The leases held, oldest first.
    public var leases: [LeaseName] { held.map(\.lease) }

    /// Rows that are not acknowledged yet.
    public var unacknowledgedRows: Int { spool.rows + held.reduce(0) { $0 + $1.open.count } }

    /// Takes one event and returns what to do about it. `now` never goes back between calls.
    public mutating func handle(_ event: WorkerEvent, at now: Instant) -> [WorkerDirective] {
        guard !isClosed else { return [] }
        switch event {
        case .connected:
            silentSince = now
            sayHello(now)
        case .received(let message, let session, let incarnation):
            receive(message, session, incarnation, now)
        case .produced(let lease, let rows): collect(rows, of: lease, now)
        case .began(let lease, let example): update(lease) { $0.currentExample = example }
        case .finished(let lease): endComputing(lease, .finished)
        case .stopped(let lease): endComputing(lease, .returning)
        case .failed(let lease, let failure, let detail, let example):
            endComputing(lease, .failed(failure, detail: WireLimits.truncated(detail: detail), example: example))
        case .loaded(let model): greeting.loadedModel = model
        case .measured(let load): self.load = load
        case .shutdown: beginDrain(now)
        case .tick: passTime(now)
        }
        settle(now)
        defer { directives = [] }
        return directives
    }

    mutating func send(_ message: WorkerMessage) { directives.append(.send(message)) }
    mutating func note(_ text: String) { directives.append(.note(text)) }

    mutating func sayHello(_ now: Instant) {
        isConnected = false
        var hello = greeting
        hello.leases = leases
        send(.hello(hello))
        helloDue = now + helloRetry
        helloRetry = min(2 * helloRetry, parameters.helloRetryLimit)
    }

    private mutating func passTime(_ now: Instant) {
        for index in held.indices where !held[index].open.isEmpty {
            if now - held[index].openSince >= parameters.batchAge { seal(index) }
        }
        if isConnected {
            if now - lastHeard >= parameters.silentHeartbeats * heartbeat {
                note("no word from the coordinator for \((now - lastHeard) / 1000) s")
                silentSince = now
                sayHello(now)
            } else if now >= heartbeatDue {
                beat(now)
            }
        } else {
            if now >= helloDue { sayHello(now) }
            if now - silentSince >= parameters.offline {
                for job in held { lose(job.lease, "no coordinator for \(parameters.offline / 1000) s") }
            }
        }
        guard let drainSince else { return }
        if now - drainSince >= parameters.drain {
            for job in held where job.phase.isComputing {
                directives.append(.abandon(job.lease))
                endComputing(job.lease, .returning)
            }
        }
        if now - drainSince >= parameters.drain + parameters.flush {
            close(.unacknowledged(rows: unacknowledgedRows))
        }
    }

    private mutating func beat(_ now: Instant) {
        heartbeatDue = now + heartbeat
        load.spoolBytes = UInt64(spool.bytes)
        send(.heartbeat(held.map(\.progress), load))
        if held.count < slots { creditSent = nil }
    }

    /// Jobs to hold at once for now.
    private var slots: UInt32 {
        drainSince == nil && spool.bytes < parameters.spoolLimit ? parameters.slots : 0
    }

    /// Sends and starts whatever the event made possible.
    private mutating func settle(_ now: Instant) {
        guard !isClosed else { return }
        if let next = held.firstIndex(where: { $0.phase == .queued }), drainSince == nil,
            !held.contains(where: \.phase.isComputing)
        {
            held[next].phase = .running
            directives.append(.start(held[next].lease, examples: held[next].examples))
        }
        guard isConnected else {
            if drainSince != nil, held.isEmpty, spool.isEmpty { close(.drained) }
            return
        }
        for batch in spool.takeDue(now, resendAfter: parameters.resend) {
            send(.scores(batch.lease, batch: batch.number, rows: batch.rows))
        }
        reportEnds()
        if creditSent != slots {
            creditSent = slots
            send(.credit(slots: slots))
        }
        if drainSince != nil, held.isEmpty, spool.isEmpty {
            send(.bye)
            close(.drained)
        }
    }

    private mutating func close(_ exit: WorkerExit) {
        isClosed = true
        directives.append(.exit(exit))
    }

    mutating func reject(_ detail: String) { close(.rejected(detail: detail)) }
}
