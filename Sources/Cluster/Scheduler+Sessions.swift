import Wire

/// Workers come, speak, fall silent and go.
extension Scheduler {
    /// Opens a session, in place of the key's older one, and settles which of its leases the worker keeps.
    mutating func open(_ id: SessionID, of worker: WorkerKey, _ hello: Hello) {
        guard sessions[id] == nil else { return ignore(worker, "session \(id) was used before") }
        if let refusal = refusal(of: hello, worker) {
            send(refusal, to: id)
            counters.sessionsRejected += 1
            if case .reject(_, let detail, _) = refusal { observe(.sessionRejected(worker, detail: detail)) }
            return directives.append(.close(id))
        }
        var model = hello.loadedModel
        var wasDraining = false
        if let old = sessionOfWorker[worker].flatMap({ sessions[$0] }) {
            if old.bootID == hello.bootID { model = model ?? old.model }
            wasDraining = old.isDraining
            close(old.id, .superseded, leases: nil)
        }
        let number = register(worker, hello)
        let heartbeat = parameters.heartbeat * max(100, Milliseconds(sessions.count + 1)) / 100
        sessions[id] = SessionRecord(
            id: id, worker: worker, number: number, host: hello.host, engine: hello.engine, bootID: hello.bootID,
            heartbeat: heartbeat, lastHeard: clock)
        sessions[id]?.isBarred = workerRecords[Int(number)].quarantinedUntil != nil
        sessionOfWorker[worker] = id
        counters.sessionsOpened += 1
        deadlines.add(.session(id), at: clock + stretched(parameters.suspect, id))

        let kept = settleLeases(of: worker, id, named: Set(hello.leases), mayHaveCrashed: !wasDraining)
        setModel(kept.last.flatMap { jobs[$0.job]?.model } ?? model, of: id)
        let span = stretched(parameters.lease, id)
        send(.welcome(heartbeat: heartbeat, lease: span, kept: kept, window: window(of: id)), to: id)
        observe(.sessionOpened(id, worker, host: hello.host, kept: kept.count))
        if isDraining { drain(worker) }
    }

    private func refusal(of hello: Hello, _ worker: WorkerKey) -> CoordinatorMessage? {
        guard !revokedKeys.contains(worker) else {
            return .reject(.role, detail: "this key was revoked: its scores were refuted by others", retryAfter: 0)
        }
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
        let texts = [hello.host, engine.build, engine.name, engine.arithmetic, hello.bootID, hello.loadedModel ?? ""]
        guard texts.allSatisfy({ $0.utf8.count <= parameters.textLimit }) else {
            let detail = "a text in Hello is longer than \(parameters.textLimit) bytes"
            return .reject(.malformed, detail: detail, retryAfter: 0)
        }
        if sessionOfWorker[worker] != nil, let number = numbers[worker],
            workerRecords[Int(number)].pastBoots.contains(hello.bootID)
        {
            // A late word of an earlier life, or two processes that share a key.
            let detail = "another process came under this key since; each needs a key of its own"
            return .reject(.busy, detail: detail, retryAfter: parameters.dead)
        }
        guard sessions.count < parameters.sessionLimit || sessionOfWorker[worker] != nil else {
            let detail = "\(parameters.sessionLimit) workers are connected already"
            return .reject(.busy, detail: detail, retryAfter: parameters.suspect)
        }
        return nil
    }

    /// Renews the leases that the worker names and still has; the others that it has by our books are free again. The
    /// one that it was computing when its process died is charged, if another life of it got that one.
    private mutating func settleLeases(
        of worker: WorkerKey, _ id: SessionID, named: Set<LeaseName>, mayHaveCrashed: Bool
    ) -> [LeaseName] {
        guard let session = sessions[id] else { return [] }
        let first = mayHaveCrashed ? holdings[worker]?.first : nil
        var kept: [LeaseName] = []
        for job in holdings[worker] ?? [] {
            guard let holding = jobs[job]?.holding(of: worker) else { continue }
            let name = holding.name
            if named.contains(name), mayScore(job, session) {
                adopt(name, id)
                kept.append(name)
            } else if job == first, let boot = holding.bootID, boot != session.bootID {
                charge(name, "its worker died", to: session)
            } else {
                release(name, .disowned, "its worker came back without it")
                makeReady(job)
            }
        }
        return kept
    }

    private mutating func adopt(_ name: LeaseName, _ id: SessionID) {
        let expires = clock + stretched(parameters.lease, id)
        let boot = sessions[id]?.bootID
        jobs[name.job]?.update(name.epoch) {
            $0.expires = expires
            $0.bootID = boot
            $0.began = clock
            $0.lastProgress = clock
            $0.hasProgressed = false
        }
        counters.leasesAdopted += 1
        lookAt(name, at: expires)
    }

    /// Ends a session and, unless nil is given as the reason, all leases of its worker.
    mutating func close(_ id: SessionID, _ end: SessionEnd, leases reason: ReleaseReason?) {
        guard let session = sessions[id] else { return }
        setModel(nil, of: id)
        count(session, -1)
        windowsTold -= session.window
        sessions[id] = nil
        sessionOfWorker[session.worker] = nil
        workerRecords[Int(session.number)].lastSeen = clock
        refresh(id)
        workBecameReady = true
        if end == .silent { counters.sessionsSilent += 1 }
        if let reason {
            let first = holdings[session.worker]?.first
            for job in holdings[session.worker] ?? [] {
                guard let holding = jobs[job]?.holding(of: session.worker) else { continue }
                let isAtIt = job == first && reason == .expired
                lose(holding, reason, "session ended: \(end.rawValue)", isAtIt: isAtIt)
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
            guard let holding = holding(of: name, by: session.worker) else {
                cancelled.append(name)
                continue
            }
            let expires = clock + stretched(parameters.lease, session.id)
            let isFurther = holding.progress.map { $0 != progress } ?? (progress.examplesDone > 0)
            jobs[name.job]?.update(name.epoch) {
                $0.expires = expires
                $0.progress = progress
                guard isFurther else { return }
                $0.lastProgress = clock
                $0.hasProgressed = true
            }
            renewed.append(name)
        }
        if let first = renewed.first?.job, let place = holdings[session.worker]?.firstIndex(of: first), place > 0 {
            // The worker names first what it works on.
            holdings[session.worker]?.swapAt(0, place)
            begin(first, session.worker)
        }
        send(.heartbeatAck(renewed: renewed, cancelled: cancelled, window: window(of: session.id)), to: session.id)
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

    mutating func setModel(_ model: String?, of id: SessionID) {
        guard let session = sessions[id], session.model != model else { return }
        if let old = session.model {
            loadedModels[old, default: 1] -= 1
            if loadedModels[old] == 0 { loadedModels[old] = nil }
        }
        if let model { loadedModels[model, default: 0] += 1 }
        sessions[id]?.model = model
    }

    /// Changes a session and everything that is counted or listed by its state. When one leaves the active ones, a
    /// job that failed elsewhere may become another's.
    mutating func change(_ id: SessionID, _ body: (inout SessionRecord) -> Void) {
        guard var session = sessions[id] else { return }
        count(session, -1)
        let wasActive = session.isActive
        body(&session)
        sessions[id] = session
        count(session, 1)
        refresh(id)
        if wasActive, !session.isActive { workBecameReady = true }
    }

    /// Adds an active session to the counts, or takes it out.
    private mutating func count(_ session: SessionRecord, _ difference: Int) {
        guard session.isActive else { return }
        let engine = session.engine.identity
        let onHost = activeHosts[engine]?[session.host] ?? 0
        activeHosts[engine, default: [:]][session.host] = onHost + difference == 0 ? nil : onHost + difference
        if activeHosts[engine]?.isEmpty == true { activeHosts[engine] = nil }
    }

    /// Lists a session among the idle ones exactly if it has room.
    mutating func refresh(_ id: SessionID) {
        let session = sessions[id]
        let hasRoom = session.map { room(of: $0) > 0 } ?? false
        let hasNone = session.map { holdings[$0.worker] == nil } ?? false
        Self.list(id, in: &idle, hasRoom)
        Self.list(id, in: &unoccupied, hasRoom && hasNone)
        if hasRoom { newlyIdle.append(id) }
    }

    private static func list(_ id: SessionID, in list: inout [SessionID], _ belongs: Bool) {
        let place = list.partitioningIndex { $0 >= id }
        let isListed = place < list.count && list[place] == id
        if belongs, !isListed { list.insert(id, at: place) }
        if !belongs, isListed { list.remove(at: place) }
    }
}
