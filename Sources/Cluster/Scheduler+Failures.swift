import Wire

/// Leases end badly: failures, returns, silence, and the search for the example that causes them.
extension Scheduler {
    /// The worker says that all rows are acknowledged; what is missing nevertheless is computed elsewhere.
    mutating func finish(_ name: LeaseName, from session: SessionRecord) {
        guard let holding = holding(of: name, by: session.worker), let job = jobs[name.job] else { return }
        guard let part = holding.part, holding.isCheck || part.contains(where: job.isMissing) else {
            release(name, .done, "its part is done")
            return makeReady(name.job)
        }
        let missing = holding.isCheck ? part.count : part.count(where: job.isMissing)
        charge(name, "reported done with \(missing) rows missing", to: session)
    }

    mutating func fail(
        _ name: LeaseName, _ failure: WireFailureClass, _ detail: String, _ example: UInt32?,
        from session: SessionRecord
    ) {
        guard let holding = holding(of: name, by: session.worker), let job = jobs[name.job] else {
            return ignore(session.worker, "failure of \(name.job) under epoch \(name.epoch)")
        }
        let detail = WireLimits.truncated(detail: detail)
        switch failure {
        case .infrastructure: setBack(name, detail, by: session)
        case .data where !holding.isCheck && example.map(job.isMissing) ?? true:
            release(name, .failed, detail)
            let text = WireLimits.truncated(detail: "\(session.host): \(detail)")
            if let example { giveUp(example, of: name.job, text) } else { giveUp(name.job, text) }
        default: charge(name, detail, example: example, to: session)
        }
    }

    mutating func takeBack(_ name: LeaseName, from session: SessionRecord) {
        guard holding(of: name, by: session.worker) != nil else { return }
        if sessions[session.id]?.isDraining == true {
            release(name, .returned, "draining")
            makeReady(name.job)
        } else {
            setBack(name, "not wanted", by: session)
        }
    }

    /// Ends a lease without blame; in a row, such ends put the job off for longer and longer.
    private mutating func setBack(_ name: LeaseName, _ detail: String, by session: SessionRecord) {
        release(name, .returned, detail)
        guard jobs[name.job]?.isOpen == true else { return }
        jobs[name.job]?.addTry(by: session.worker, on: session.host)
        jobs[name.job]?.setbacks += 1
        putOff(name.job, attempts: jobs[name.job]?.setbacks ?? 1)
    }

    /// Ends a lease and counts it against the job and the worker; the job is tried again elsewhere.
    mutating func charge(_ name: LeaseName, _ detail: String, example: UInt32? = nil, to session: SessionRecord) {
        charge(name, detail, example: example, to: session.number, on: session.host)
    }

    mutating func charge(
        _ name: LeaseName, _ detail: String, example: UInt32? = nil, to number: WorkerNumber, on host: String
    ) {
        let worker = workerRecords[Int(number)].key
        guard let holding = holding(of: name, by: worker) else { return }
        release(name, .failed, detail)
        workerRecords[Int(number)].failures += 1
        accuse(holding, .init(host: host, isCharged: true, example: example), detail)
        if let job = jobs[name.job], job.isOpen {
            jobs[name.job]?.addTry(by: worker, on: host)
            putOff(name.job, attempts: job.suspicion.losses.count)
        }
        if !holding.hasProgressed { blame(number, for: name.job) }
    }

    /// Ends a lease whose worker fell silent, or was too slow: nobody is charged, but the job may be why.
    mutating func lose(_ holding: JobRecord.Holding, _ reason: ReleaseReason, _ detail: String, isAtIt: Bool) {
        release(holding.name, reason, detail)
        if isAtIt {
            let host = numbers[holding.lease.worker].map { workerRecords[Int($0)].host } ?? ""
            accuse(holding, .init(host: host, isCharged: false), detail)
        }
        makeReady(holding.lease.job)
    }

    /// A lease was lost while it was being computed.
    private mutating func accuse(_ holding: JobRecord.Holding, _ loss: Suspicion.Loss, _ detail: String) {
        let id = holding.lease.job
        guard !holding.isCheck, let job = jobs[id], job.isOpen, !job.missing.isEmpty else { return }
        let engine = runs[job.run]?.bindings[job.model] ?? ""
        let guilty = jobs[id]?.suspicion.lost(
            loss, part: holding.part?.filter(job.isMissing).sorted(), missing: job.missing,
            attempts: parameters.attempts, hosts: activeHosts[engine]?.count ?? 0)
        guard let guilty else { return }
        forgive(id)
        let hosts = Set(jobs[id]?.suspicion.losses.map(\.host) ?? []).sorted().joined(separator: ", ")
        let count = jobs[id]?.suspicion.losses.count ?? 0
        giveUp(
            guilty, of: id, WireLimits.truncated(detail: "\(count) attempts failed on \(hosts); the last: \(detail)"))
    }

    /// Gives up one example; the job goes on with its others.
    private mutating func giveUp(_ example: UInt32, of id: JobID, _ detail: String) {
        guard let before = jobs[id]?.missingTokens, jobs[id]?.isMissing(example) == true else { return }
        commit(.gaveUp(job: id, example: example, detail: detail))
        observe(.gaveUp(id, example: example, detail: detail))
        counters.examplesGivenUp += 1
        jobs[id]?.giveUp(example)
        jobs[id]?.suspicion = Suspicion()
        guard let job = jobs[id] else { return }
        runs[job.run]?.strike(tokens: before, job.missingTokens)
        if job.missing.isEmpty { complete(id) } else { makeReady(id) }
    }

    /// Gives up a job with all that it misses.
    private mutating func giveUp(_ id: JobID, _ detail: String) {
        guard let job = jobs[id], job.isOpen else { return }
        for holding in job.holdings {
            send(.cancel(holding.name), toWorker: holding.lease.worker)
            release(holding.name, .cancelled, "the job is given up")
        }
        retire(id)
        runs[job.run]?.strike(tokens: job.missingTokens, 0)
        close(id, .failed(detail: detail))
    }

    /// Has a lease looked at then, if not earlier.
    mutating func lookAt(_ name: LeaseName, at due: Instant) {
        guard let holding = jobs[name.job]?.holding(name.epoch), holding.due.map({ due < $0 }) ?? true else { return }
        jobs[name.job]?.update(name.epoch) { $0.due = due }
        deadlines.add(.lease(name), at: due)
    }

    /// Looks at a lease whose time may be up.
    mutating func lookAt(_ name: LeaseName) {
        guard let job = jobs[name.job], let holding = job.holding(name.epoch) else { return }
        guard let due = holding.due, clock >= due else { return }
        jobs[name.job]?.update(name.epoch) { $0.due = nil }
        let worker = holding.lease.worker
        let isAtIt = holdings[worker]?.first == name.job
        if clock >= holding.expires { return lose(holding, .expired, "not renewed", isAtIt: isAtIt) }
        var next = holding.expires
        if let session = sessionOfWorker[worker].flatMap({ sessions[$0] }), isAtIt {
            let patience = patience(with: job, holding, session)
            let tokens = holding.part == nil ? job.estimatedTokens : holding.tokens
            let deadline = max(parameters.jobDeadline, estimate(of: tokens, session).map { 5 * $0 } ?? 0)
            if clock - holding.lastProgress >= patience {
                send(.heartbeatAck(renewed: [], cancelled: [name]), to: session.id)
                return charge(name, "no example finished in \(patience / 1000) s", to: session)
            }
            if clock - holding.began >= deadline {
                send(.heartbeatAck(renewed: [], cancelled: [name]), to: session.id)
                return lose(holding, .expired, "not done in \(deadline / 1000) s", isAtIt: true)
            }
            next = min(next, holding.lastProgress + patience, holding.began + deadline)
        }
        lookAt(name, at: max(next, clock + 1))
    }

    /// How long a job may go without a finished example: a generous multiple of what it should take.
    private func patience(
        with job: JobRecord, _ holding: JobRecord.Holding, _ session: SessionRecord
    ) -> Milliseconds {
        guard holding.hasProgressed, let whole = estimate(of: job.estimatedTokens, session) else {
            return max(parameters.firstProgress, parameters.noProgress)
        }
        // Examples are computed in packs, at most a whole job at once.
        let example = whole / UInt64(max(1, job.examples.count))
        return max(parameters.noProgress, 10 * example, 2 * whole)
    }

    /// How long a worker needs for so many tokens; nil while its speed is unknown.
    func estimate(of tokens: UInt64, _ session: SessionRecord) -> Milliseconds? {
        session.speed.map { Milliseconds(min(Double(tokens) / $0 * 1000, 86_400_000)) }
    }
}
