import Wire

/// Workers come, speak, fall silent and go.
extension Scheduler {
    /// Opens a session, in place of the key's older one, and settles which of its leases the worker keeps.
    mutating func open(_ id: SessionID, of worker: WorkerKey, _ hello: Hello) {
        guard sessions.worker(of: id) == nil else { return ignore(worker, "session \(id) was used before") }
        if let refusal = refusal(of: hello, worker) {
            send(refusal, to: id)
            counters.sessionsRejected += 1
            if case .reject(_, let detail, _) = refusal { observe(.sessionRejected(worker, detail: detail)) }
            return direct(.close(id))
        }
        var model = hello.loadedModel
        var wasDraining = false
        if let number = numbers[worker], sessions.isOpen(number) {
            let old = sessions[number]
            if old.facts.bootID == hello.bootID { model = model ?? old.model }
            wasDraining = old.isDraining
            close(number, .superseded, leases: nil)
        }
        let number = register(worker, hello)
        let heartbeat = interval(of: sessions.count + 1)
        let session = SessionFacts(hello, id: id, worker: worker, number: number)
        sessions.open(session, heartbeat: heartbeat, at: clock)
        sessions[number].isBarred = workerRecords[Int(number)].quarantinedUntil != nil
        counters.sessionsOpened += 1
        deadlines.add(.session(id), at: clock + stretched(parameters.suspect, session))

        let kept = settleLeases(of: session, named: Set(hello.leases), mayHaveCrashed: !wasDraining)
        setModel(kept.last.flatMap { jobs.number(of: $0.job) }.map { jobs[$0].facts.model } ?? model, of: number)
        let span = stretched(parameters.lease, session)
        send(.welcome(heartbeat: heartbeat, lease: span, kept: kept, window: window(of: number)), to: id)
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
        guard hello.precisions.count <= parameters.precisionLimit else {
            let detail = "Hello names \(hello.precisions.count) precisions; the limit is \(parameters.precisionLimit)"
            return .reject(.malformed, detail: detail, retryAfter: 0)
        }
        guard hello.measures.count <= parameters.precisionLimit else {
            let detail = "Hello names \(hello.measures.count) measures; the limit is \(parameters.precisionLimit)"
            return .reject(.malformed, detail: detail, retryAfter: 0)
        }
        let texts = [hello.host, engine.build, engine.name, engine.arithmetic, hello.bootID, hello.loadedModel ?? ""]
        guard (texts + hello.precisions + hello.measures).allSatisfy({ $0.utf8.count <= parameters.textLimit }) else {
            let detail = "a text in Hello is longer than \(parameters.textLimit) bytes"
            return .reject(.malformed, detail: detail, retryAfter: 0)
        }
        let open = numbers[worker].flatMap { sessions.open($0) }
        if let open, workerRecords[Int(open.number)].pastBoots.contains(hello.bootID) {
            // A late word of an earlier life, or two processes that share a key.
            let detail = "another process came under this key since; each needs a key of its own"
            return .reject(.busy, detail: detail, retryAfter: parameters.dead)
        }
        guard sessions.count < parameters.sessionLimit || open != nil else {
            let detail = "\(parameters.sessionLimit) workers are connected already"
            return .reject(.busy, detail: detail, retryAfter: parameters.suspect)
        }
        return nil
    }

    /// Renews the leases that the worker names and still has; the others that it has by our books are free again. The
    /// one that it was computing when its process died is charged, if another life of it got that one.
    private mutating func settleLeases(
        of session: SessionFacts, named: Set<LeaseName>, mayHaveCrashed: Bool
    ) -> [LeaseName] {
        let held = workerRecords[Int(session.number)].held
        let first = mayHaveCrashed ? held.first : nil
        var kept: [LeaseName] = []
        for job in held {
            guard let holding = jobs[job].holding(of: session.number) else { continue }
            let lease = LeaseNumber(job: job, epoch: holding.epoch)
            let name = name(of: lease)
            if named.contains(name), mayScore(job, session) {
                adopt(lease, session)
                kept.append(name)
            } else if job == first, let boot = holding.bootID, boot != session.bootID {
                charge(lease, "its worker died", to: session)
            } else {
                release(lease, .disowned, "its worker came back without it")
                makeReady(job)
            }
        }
        return kept
    }

    private mutating func adopt(_ lease: LeaseNumber, _ session: SessionFacts) {
        let expires = clock + stretched(parameters.lease, session)
        jobs[lease.job].update(lease.epoch) {
            $0.expires = expires
            $0.bootID = session.bootID
            $0.began = clock
            $0.lastProgress = clock
            $0.hasProgressed = false
        }
        counters.leasesAdopted += 1
        lookAt(lease, at: expires)
    }

    /// Ends a worker's session and, unless nil is given as the reason, all of its leases.
    mutating func close(_ worker: WorkerNumber, _ end: SessionEnd, leases reason: ReleaseReason?) {
        guard let session = sessions.open(worker) else { return }
        setModel(nil, of: worker)
        if sessions[worker].isActive { count(session, -1) }
        windowsTold -= sessions[worker].window
        sessions.close(worker)
        workerRecords[Int(worker)].lastSeen = clock
        refresh(session.place)
        workBecameReady = true
        if end == .silent { counters.sessionsSilent += 1 }
        if let reason {
            let held = workerRecords[Int(worker)].held
            for job in held {
                guard let holding = jobs[job].holding(of: worker) else { continue }
                let isAtIt = job == held.first && reason == .expired
                lose(holding, of: job, reason, "session ended: \(end.rawValue)", isAtIt: isAtIt)
            }
        }
        observe(.sessionClosed(session.id, session.worker, end))
        direct(.close(session.id))
    }

    /// Any message shows that the worker lives.
    mutating func hear(_ worker: WorkerNumber) {
        sessions[worker].lastHeard = clock
        if sessions[worker].isSuspect { change(worker) { $0.isSuspect = false } }
    }

    mutating func credit(_ worker: WorkerNumber, slots: UInt32) {
        let limit = parameters.slotLimit
        change(worker) { $0.slots = min(Int(slots), limit) }
    }

    mutating func heartbeat(_ session: SessionFacts, _ leases: [LeaseProgress], _ load: WorkerLoad) {
        sessions[session.number].load = load
        stretch(session)
        let expires = clock + stretched(parameters.lease, session)
        var renewed: [LeaseName] = []
        var cancelled: [LeaseName] = []
        var first: JobNumber?
        for report in leases.prefix(parameters.slotLimit) {
            guard let lease = number(of: report.lease), renew(lease, of: session, report, until: expires) else {
                cancelled.append(report.lease)
                continue
            }
            if renewed.isEmpty { first = lease.job }
            renewed.append(report.lease)
        }
        if let first, let place = workerRecords[Int(session.number)].held.firstIndex(of: first), place > 0 {
            // The worker names first what it works on.
            workerRecords[Int(session.number)].held.swapAt(0, place)
            begin(first, session.number)
        }
        let window = window(of: session.number)
        let heartbeat = sessions[session.number].heartbeat
        send(
            .heartbeatAck(renewed: renewed, cancelled: cancelled, window: window, heartbeat: heartbeat), to: session.id)
    }

    /// Between two heartbeats of a worker, when there are so many.
    private func interval(of workers: Int) -> Milliseconds {
        parameters.heartbeat * max(100, Milliseconds(workers)) / 100
    }

    /// Has a worker beat more rarely when the cluster has grown. It never beats more often again in its session: of a
    /// shorter interval it might not hear, and would be taken for silent.
    private mutating func stretch(_ session: SessionFacts) {
        let heartbeat = interval(of: sessions.count)
        guard heartbeat > sessions[session.number].heartbeat else { return }
        sessions[session.number].heartbeat = heartbeat
        // It names a lease that is on its way with its next heartbeat only.
        let expires = clock + stretched(parameters.lease, session)
        for job in workerRecords[Int(session.number)].held {
            guard let holding = jobs[job].holding(of: session.number) else { continue }
            jobs[job].update(holding.epoch) { $0.expires = max($0.expires, expires) }
        }
    }

    /// Renews a lease, if it is the worker's.
    private mutating func renew(
        _ lease: LeaseNumber, of session: SessionFacts, _ report: LeaseProgress, until expires: Instant
    ) -> Bool {
        guard
            let place = jobs[lease.job].holdings.firstIndex(where: {
                $0.epoch == lease.epoch && $0.worker == session.number
            })
        else { return false }
        let progress = JobRecord.Progress(examplesDone: report.examplesDone, currentExample: report.currentExample)
        let last = jobs[lease.job].holdings[place].progress
        jobs[lease.job].holdings[place].expires = expires
        jobs[lease.job].holdings[place].progress = progress
        if last.map({ $0 != progress }) ?? (progress.examplesDone > 0) {
            jobs[lease.job].holdings[place].lastProgress = clock
            jobs[lease.job].holdings[place].hasProgressed = true
        }
        return true
    }

    /// Gives a session no more jobs.
    mutating func stopServing(_ worker: WorkerNumber) { change(worker) { $0.isDraining = true } }

    mutating func drain(_ worker: WorkerKey?) {
        if worker == nil { isDraining = true }
        let chosen = worker.map { numbers[$0].map { [$0] } ?? [] } ?? sessions.oldestFirst
        for number in chosen {
            guard let session = sessions.open(number) else { continue }
            stopServing(number)
            send(.drain, to: session.id)
        }
    }

    mutating func checkSilence(of worker: WorkerNumber) {
        guard let session = sessions.open(worker) else { return }
        let lastHeard = sessions[worker].lastHeard
        let silence = clock - lastHeard
        let (suspect, dead) = (stretched(parameters.suspect, session), stretched(parameters.dead, session))
        if silence >= dead { return close(worker, .silent, leases: .expired) }
        if silence >= suspect, !sessions[worker].isSuspect {
            change(worker) { $0.isSuspect = true }
            observe(.suspected(session.worker))
        }
        deadlines.add(.session(session.id), at: lastHeard + (silence >= suspect ? dead : suspect))
    }

    /// A span of the parameters for a session: longer when its heartbeats are rarer.
    func stretched(_ span: Milliseconds, _ session: SessionFacts) -> Milliseconds {
        span * sessions[session.number].heartbeat / max(1, parameters.heartbeat)
    }

    mutating func setModel(_ model: String?, of worker: WorkerNumber) {
        guard sessions[worker].model != model else { return }
        if let old = sessions[worker].model {
            loadedModels[old, default: 1] -= 1
            if loadedModels[old] == 0 { loadedModels[old] = nil }
        }
        if let model { loadedModels[model, default: 0] += 1 }
        sessions[worker].model = model
    }

    /// Changes an open session and everything that is counted or listed by its state. When one leaves the active ones,
    /// a job that failed elsewhere may become another's.
    mutating func change(_ worker: WorkerNumber, _ body: (inout SessionRecord) -> Void) {
        guard let session = sessions.open(worker) else { return }
        let wasActive = sessions[worker].isActive
        body(&sessions[worker])
        let isActive = sessions[worker].isActive
        if isActive != wasActive { count(session, isActive ? 1 : -1) }
        refresh(session.place)
        if wasActive, !isActive { workBecameReady = true }
    }

    /// Adds a session that became active to the counts, or takes out one that is no longer.
    private mutating func count(_ session: SessionFacts, _ difference: Int) {
        let onHost = activeHosts[session.identity]?[session.host] ?? 0
        let sum = onHost + difference
        activeHosts[session.identity, default: [:]][session.host] = sum == 0 ? nil : sum
        if activeHosts[session.identity]?.isEmpty == true { activeHosts[session.identity] = nil }
    }

    /// Lists a session among the idle ones exactly if it has room.
    mutating func refresh(_ session: SessionPlace) {
        let hasRoom = sessions.isOpen(session) && room(of: session.worker) > 0
        let hasNone = workerRecords[Int(session.worker)].held.isEmpty
        Self.list(session, in: &idle, hasRoom)
        Self.list(session, in: &unoccupied, hasRoom && hasNone)
        if hasRoom { newlyIdle.append(session) }
    }

    private static func list(_ session: SessionPlace, in list: inout [SessionPlace], _ belongs: Bool) {
        let place = list.partitioningIndex { $0.id >= session.id }
        let isListed = place < list.count && list[place].id == session.id
        if belongs, !isListed { list.insert(session, at: place) }
        if !belongs, isListed { list.remove(at: place) }
    }
}
