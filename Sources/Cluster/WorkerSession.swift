import Wire

/// The numbers of a worker session, with the protocol's defaults. Spans are in milliseconds.
public struct WorkerParameters: Sendable, Equatable {
    /// Jobs to hold at once: the one being computed and those that wait, so that the device never does.
    public var slots: UInt32 = 2
    /// Until Welcome names another interval.
    public var heartbeat: Milliseconds = 2_000
    /// Heartbeat intervals without a word from the coordinator after which to say Hello again.
    public var silentHeartbeats: Milliseconds = 3
    /// Between two Hellos at first and, doubling, at most.
    public var helloRetry: Milliseconds = 2_000
    public var helloRetryLimit: Milliseconds = 16_000
    /// A batch of rows is sent when it has so many rows, so many bytes, or is so old.
    public var batchRows = 64
    public var batchBytes = 64 << 10
    public var batchAge: Milliseconds = 250
    /// An unacknowledged batch is sent again after this.
    public var resend: Milliseconds = 6_000
    /// Bytes of rows that may be under way to the coordinator.
    public var window = 1 << 20
    /// Bytes of unacknowledged rows beyond which no new jobs are asked for.
    public var spoolLimit = 256 << 20
    /// How long jobs are computed without a coordinator.
    public var offline: Milliseconds = 600_000
    /// How long the current example may take once the worker drains, and how long the rows then have to be acknowledged.
    public var drain: Milliseconds = 25_000
    public var flush: Milliseconds = 15_000

    /// The protocol's defaults.
    public init() {}
}

/// What happens to a worker session.
public enum WorkerEvent: Sendable {
    /// The transport is up: the first event.
    case connected
    /// A message with the session and incarnation of its header.
    case received(CoordinatorMessage, session: SessionID, incarnation: UInt64)
    /// The compute thread finished an example.
    case produced(LeaseName, rows: [WireRow])
    /// It begins an example.
    case began(LeaseName, example: UInt32)
    /// It has produced all rows of the lease.
    case finished(LeaseName)
    /// It has stopped, as `finishCurrent` asked, before all rows were produced.
    case stopped(LeaseName)
    /// It cannot compute the job.
    case failed(LeaseName, WireFailureClass, detail: String)
    /// The shell's measurements, for the next heartbeat.
    case measured(WorkerLoad)
    /// SIGTERM or the like: finish the current example, return the rest, leave.
    case shutdown
    /// Time passes. Due every 100 ms or so.
    case tick
}

/// What the worker's shell must do, in order.
public enum WorkerDirective: Sendable, Equatable {
    /// Send under the session and incarnation that `WorkerSession` has now (both 0 for a Hello).
    case send(WorkerMessage)
    /// Compute these examples of the job that was received with the lease.
    case start(LeaseName, examples: [UInt32])
    /// Report `stopped` (or `finished`) after the example that is being computed.
    case finishCurrent(LeaseName)
    /// Stop computing; nothing that is still reported about the lease matters.
    case abandon(LeaseName)
    /// The lease is over: forget its job. Also follows `abandon`.
    case forget(LeaseName)
    case exit(WorkerExit)
    /// A remark for the log.
    case note(String)
}

/// How a worker session ends.
public enum WorkerExit: Sendable, Equatable {
    /// Every row is acknowledged and every lease given back.
    case drained
    /// Left without the acknowledgement of rows, which will be computed again.
    case unacknowledged(rows: Int)
    /// The coordinator does not want this worker.
    case rejected(detail: String)
}

/// A worker's side of the protocol. A pure value.
///
///     connecting ──Welcome──► ready ◄──────► working ──shutdown or Drain──► draining ──► closed
///         ▲                     │ jobs         │                              │
///         └── Reject(SESSION), ─┴──────────────┴──────────────────────────────┘
///             or silence: the leases are held, the work goes on
///
/// What always holds: a row is kept until the Ack of its batch; JobDone follows the last Ack; a message of a lower
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

    let greeting: Hello
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
    public init(greeting hello: Hello, parameters: WorkerParameters = WorkerParameters()) {
        greeting = hello
        self.parameters = parameters
        spool = Spool(window: parameters.window)
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
        case .failed(let lease, let failure, let detail):
            endComputing(lease, .failed(failure, detail: WireLimits.truncated(detail: detail)))
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
