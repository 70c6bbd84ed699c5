import Wire

/// Workers come, speak, fall silent and go.
extension Scheduler {
    /// Opens a session, in place of the key's older one, and settles which of its leases the worker keeps.
    mutating func open(_ id: SessionID, of worker: WorkerKey, _ hello: Hello) {
        precondition(sessions[id] == nil, "session \(id) was used before")
        if let refusal = refusal(of: hello, worker) {
            send(refusal, to: id)
            if case .reject(_, let detail, _) = refusal { observe(.sessionRejected(worker, detail: detail)) }
            return directives.append(.close(id))
        }
        var model: String?
        if let old = sessionOfWorker[worker] {
            if sessions[old]?.bootID == hello.bootID { model = sessions[old]?.model }
            close(old, .superseded, leases: nil)
        }
        let heartbeat = parameters.heartbeat * max(100, Milliseconds(sessions.count + 1)) / 100
        sessions[id] = SessionRecord(
            id: id, worker: worker, host: hello.host, engine: hello.engine, bootID: hello.bootID,
            heartbeat: heartbeat, lastHeard: clock)
        sessionOfWorker[worker] = id
        count(sessions[id], 1)
        deadlines.add(.session(id), at: clock + stretched(parameters.suspect, id))

        let kept = settleLeases(of: worker, id, named: Set(hello.leases))
        setModel(kept.last.flatMap { jobs[$0.job]?.model } ?? model, of: id)
        send(.welcome(heartbeat: heartbeat, lease: stretched(parameters.lease, id), kept: kept), to: id)
        observe(.sessionOpened(id, worker, host: hello.host, kept: kept.count))
        if isDraining { drain(worker) }
    }

    private func refusal(of hello: Hello, _ worker: WorkerKey) -> CoordinatorMessage? {
        let theirs = (hello.protocolMinimum, hello.protocolMaximum)
        guard ProtocolVersion.agreed(withMinimum: theirs.0, maximum: theirs.1) != nil else {
            let range = [ProtocolVersion.oldest, .current].map(\.description).joined(separator: " to ")
            return .reject(.version, detail: "the coordinator speaks protocol \(range)", retryAfter: 0)
        }
        guard hello.leases.count <= parameters.slotLimit else {
            let detail = "Hello names \(hello.leases.count) leases; the limit is \(parameters.slotLimit)"
            return .reject(.malformed, detail: detail, retryAfter: 0)
        }
        let engine = hello.engine
        let texts = [hello.host, engine.build, engine.name, engine.arithmetic, hello.bootID]
        guard texts.allSatisfy({ $0.utf8.count <= parameters.textLimit }) else {
            let detail = "a text in Hello is longer than \(parameters.textLimit) bytes"
            return .reject(.malformed, detail: detail, retryAfter: 0)
        }
        guard sessions.count < parameters.sessionLimit || sessionOfWorker[worker] != nil else {
            let detail = "\(parameters.sessionLimit) workers are connected already"
            return .reject(.busy, detail: detail, retryAfter: parameters.suspect)
        }
        return nil
    }

    /// Renews the leases that the worker names and still has; the others that it has by our books are free again.
    private mutating func settleLeases(
        of worker: WorkerKey, _ id: SessionID, named: Set<LeaseName>
    ) -> [LeaseName] {
        var kept: [LeaseName] = []
        for job in holdings[worker] ?? [] {
            guard let lease = jobs[job]?.holding?.lease else { continue }
            let name = LeaseName(job: job, epoch: lease.epoch)
            if named.contains(name), mayScore(job, id) {
                adopt(name, id)
                kept.append(name)
            } else {
                release(job, .disowned, "its worker came back without it")
                makeReady(job)
            }
        }
        return kept
    }

    /// Whether a session's engine is the one that a job's model is bound to.
    private func mayScore(_ id: JobID, _ session: SessionID) -> Bool {
        guard let job = jobs[id], let engine = sessions[session]?.engine else { return false }
        return runs[job.run]?.admits(engine, for: job.model) ?? false
    }

    private mutating func adopt(_ name: LeaseName, _ id: SessionID) {
        guard var holding = jobs[name.job]?.holding else { return }
        holding.expires = clock + stretched(parameters.lease, id)
        holding.began = clock
        holding.lastProgress = clock
        holding.hasProgressed = false
        jobs[name.job]?.phase = .leased(holding)
        deadlines.add(.lease(name), at: holding.expires)
    }

    /// Ends a session and, unless nil is given as the reason, all leases of its worker.
    mutating func close(_ id: SessionID, _ end: SessionEnd, leases reason: ReleaseReason?) {
        guard let session = sessions[id] else { return }
        setModel(nil, of: id)
        count(session, -1)
        sessions[id] = nil
        sessionOfWorker[session.worker] = nil
        refresh(id)
        workBecameReady = true
        if let reason {
            for job in holdings[session.worker] ?? [] {
                release(job, reason, "session ended: \(end.rawValue)")
                makeReady(job)
            }
        }
        observe(.sessionClosed(id, session.worker, end))
        directives.append(.close(id))
    }

    /// Any message shows that the worker lives.
    mutating func hear(_ id: SessionID) {
        sessions[id]?.lastHeard = clock
        if sessions[id]?.isSuspect == true { change(id) { $0.isSuspect = false } }
    }

    mutating func credit(_ id: SessionID, slots: UInt32) {
        let limit = parameters.slotLimit
        change(id) { $0.slots = min(Int(slots), limit) }
    }

    mutating func heartbeat(_ session: SessionRecord, _ leases: [LeaseProgress], _ load: WorkerLoad) {
        sessions[session.id]?.load = load
        var renewed: [LeaseName] = []
        var cancelled: [LeaseName] = []
        for progress in leases.prefix(parameters.slotLimit) {
            let name = progress.lease
            guard var holding = holding(of: name, by: session.worker) else {
                cancelled.append(name)
                continue
            }
            holding.expires = clock + stretched(parameters.lease, session.id)
            let before = holding.progress
            if before.map({ $0 != progress }) ?? (progress.examplesDone > 0) {
                holding.lastProgress = clock
                holding.hasProgressed = true
            }
            holding.progress = progress
            jobs[name.job]?.phase = .leased(holding)
            renewed.append(name)
        }
        if let first = renewed.first?.job, let place = holdings[session.worker]?.firstIndex(of: first), place > 0 {
            // The worker names first what it works on.
            holdings[session.worker]?.swapAt(0, place)
            begin(first)
        }
        send(.heartbeatAck(renewed: renewed, cancelled: cancelled), to: session.id)
    }

    /// Gives a session no more jobs.
    mutating func stopServing(_ id: SessionID) { change(id) { $0.isDraining = true } }

    mutating func drain(_ worker: WorkerKey?) {
        if worker == nil { isDraining = true }
        let ids = worker.map { sessionOfWorker[$0].map { [$0] } ?? [] } ?? sessions.keys.sorted()
        for id in ids {
            stopServing(id)
            send(.drain, to: id)
        }
    }

    mutating func checkSilence(of id: SessionID) {
        guard let session = sessions[id] else { return }
        let silence = clock - session.lastHeard
        let (suspect, dead) = (stretched(parameters.suspect, id), stretched(parameters.dead, id))
        if silence >= dead { return close(id, .silent, leases: .expired) }
        if silence >= suspect, !session.isSuspect {
            change(id) { $0.isSuspect = true }
            observe(.suspected(session.worker))
        }
        deadlines.add(.session(id), at: session.lastHeard + (silence >= suspect ? dead : suspect))
    }

    /// A span of the parameters for a session: longer when its heartbeats are rarer.
    func stretched(_ span: Milliseconds, _ id: SessionID) -> Milliseconds {
        guard let session = sessions[id] else { return span }
        return span * session.heartbeat / max(1, parameters.heartbeat)
    }
}
