import Wire

/// A job that the worker holds a lease for.
struct HeldJob: Sendable {
    enum Phase: Sendable, Equatable {
        case queued
        case running
        /// Told to stop after the current example.
        case stopping
        /// What follows waits for a session, and `finished` also for the last Ack.
        case finished
        case returning
        case failed(WireFailureClass, detail: String, example: UInt32?)

        var isComputing: Bool { self == .running || self == .stopping }
    }

    let lease: LeaseName
    let examples: [UInt32]
    var phase = Phase.queued
    var examplesDone: UInt32 = 0
    var currentExample: UInt32
    /// Rows that are not in a batch yet.
    var open: [WireRow] = []
    var openBytes = 0
    var openSince = Instant(milliseconds: 0)
    var batches: UInt64 = 0

    var progress: LeaseProgress {
        LeaseProgress(lease: lease, examplesDone: examplesDone, currentExample: currentExample)
    }
}

/// Jobs come, are computed and end.
extension WorkerSession {
    mutating func receive(
        _ message: CoordinatorMessage, _ session: SessionID, _ incarnation: UInt64, _ now: Instant
    ) {
        guard incarnation >= self.incarnation else {
            return note("refused a message of incarnation \(incarnation), older than \(self.incarnation)")
        }
        switch message {
        case .welcome(let heartbeat, _, let kept, let window):
            welcome(session, incarnation, heartbeat, kept, window, now)
        case .ack(let lease, let batch):
            // Durable is durable, whichever session it was sent in.
            if spool.acknowledge(lease, batch) { directives.append(.discard(lease, batch: batch)) }
            if isConnected { lastHeard = now }
        case .reject(let code, let detail, let retryAfter):
            guard session == self.session || session == 0 || !isConnected else { return }
            rejected(code, detail, retryAfter, now)
        default:
            guard isConnected, session == self.session, incarnation == self.incarnation else { return }
            lastHeard = now
            obey(message, now)
        }
    }

    private mutating func obey(_ message: CoordinatorMessage, _ now: Instant) {
        switch message {
        case .grant(let lease, let examples, _, _): accept(lease, examples)
        case .heartbeatAck(_, let cancelled, let window, let heartbeat):
            for lease in cancelled { lose(lease, "lost to another") }
            setWindow(window)
            if let heartbeat { self.heartbeat = max(1, heartbeat) }
            heartbeatDue = min(heartbeatDue, now + self.heartbeat)
        case .cancel(let lease):
            update(lease) { $0.open = [] }
            lose(lease, "cancelled")
            for batch in spool.discard(lease) { directives.append(.discard(lease, batch: batch)) }
        case .drain: beginDrain(now)
        case .welcome, .reject, .ack: break
        }
    }

    private mutating func welcome(
        _ session: SessionID, _ incarnation: UInt64, _ heartbeat: Milliseconds, _ kept: [LeaseName],
        _ window: UInt64?, _ now: Instant
    ) {
        guard (incarnation, session) > (self.incarnation, self.session) else { return }
        setWindow(window)
        self.session = session
        self.incarnation = incarnation
        self.heartbeat = max(1, heartbeat)
        isConnected = true
        lastHeard = now
        heartbeatDue = now + heartbeat
        helloRetry = parameters.helloRetry
        creditSent = nil
        for lease in leases where !kept.contains(lease) { lose(lease, "not kept") }
        spool.rewind()
        if drainSince != nil { send(.draining) }
    }

    /// Bytes that may be under way from now on; a coordinator of protocol 1.0 names none.
    private mutating func setWindow(_ bytes: UInt64?) {
        if let bytes { spool.window = Int(clamping: max(1, bytes)) }
    }

    private mutating func rejected(
        _ code: WireRejectCode, _ detail: String, _ retryAfter: Milliseconds, _ now: Instant
    ) {
        switch code {
        case .session where isConnected:
            silentSince = now
            sayHello(now)
        case .session: break
        default:
            guard retryAfter > 0 else { return reject(detail) }
            note("the coordinator refused: \(detail)")
            helloDue = now + retryAfter
        }
    }

    private mutating func accept(_ lease: LeaseName, _ examples: [UInt32]) {
        guard !recent.contains(lease) else { return }
        if let same = held.first(where: { $0.lease.job == lease.job })?.lease {
            guard same.epoch < lease.epoch else { return }
            lose(same, "granted anew")
        }
        guard drainSince == nil, held.count < 2 * Int(parameters.slots), let first = examples.first else {
            directives.append(.forget(lease))
            return send(.leaseReturn(lease))
        }
        held.append(HeldJob(lease: lease, examples: examples, currentExample: first))
        if recent.count >= Self.recentLimit { recent.removeFirst() }
        recent.append(lease)
    }

    mutating func update(_ lease: LeaseName, _ body: (inout HeldJob) -> Void) {
        if let index = held.firstIndex(where: { $0.lease == lease }) { body(&held[index]) }
    }

    mutating func collect(_ rows: [WireRow], of lease: LeaseName, _ now: Instant) {
        guard let index = held.firstIndex(where: { $0.lease == lease }), held[index].phase.isComputing else { return }
        for row in rows {
            if held[index].open.isEmpty { held[index].openSince = now }
            held[index].open.append(row)
            held[index].openBytes += Spool.bytes(of: row)
            held[index].examplesDone += 1
            let isFull =
                held[index].open.count >= parameters.batchRows || held[index].openBytes >= parameters.batchBytes
            if isFull { seal(index) }
        }
    }

    /// Makes a batch of a job's open rows.
    mutating func seal(_ index: Int) {
        guard !held[index].open.isEmpty else { return }
        held[index].batches += 1
        let batch = SpooledBatch(lease: held[index].lease, number: held[index].batches, rows: held[index].open)
        spool.append(batch)
        directives.append(.keep(batch))
        held[index].open = []
        held[index].openBytes = 0
    }

    mutating func endComputing(_ lease: LeaseName, _ phase: HeldJob.Phase) {
        guard let index = held.firstIndex(where: { $0.lease == lease }), held[index].phase.isComputing else { return }
        seal(index)
        held[index].phase = phase
    }

    /// The lease is no longer ours; rows that are finished are delivered all the same.
    mutating func lose(_ lease: LeaseName, _ reason: String) {
        guard let index = held.firstIndex(where: { $0.lease == lease }) else { return }
        seal(index)
        if held[index].phase.isComputing { directives.append(.abandon(lease)) }
        held.remove(at: index)
        directives.append(.forget(lease))
        note("dropped \(lease.job) of epoch \(lease.epoch): \(reason)")
    }

    mutating func beginDrain(_ now: Instant) {
        guard drainSince == nil else { return }
        drainSince = now
        if isConnected { send(.draining) }
        for index in held.indices {
            switch held[index].phase {
            case .queued: held[index].phase = .returning
            case .running:
                held[index].phase = .stopping
                directives.append(.finishCurrent(held[index].lease))
            default: break
            }
        }
    }

    /// Tells the coordinator of the jobs that are over.
    mutating func reportEnds() {
        for job in held {
            switch job.phase {
            case .finished where !spool.holds(job.lease): send(.jobDone(job.lease))
            case .returning: send(.leaseReturn(job.lease))
            case .failed(let failure, let detail, let example):
                send(.jobFailed(job.lease, failure, detail: detail, example: example))
            default: continue
            }
            held.removeAll { $0.lease == job.lease }
            directives.append(.forget(job.lease))
        }
    }
}
