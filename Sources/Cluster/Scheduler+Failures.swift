import Wire
import Wording

/// Leases end badly: failures, returns, silence, and the search for the example that causes them.
extension Scheduler {
    /// The worker says that all rows are acknowledged; what is missing nevertheless is computed elsewhere.
    mutating func finish(_ name: LeaseName, from session: SessionFacts) {
        guard let (lease, holding) = holding(of: name, by: session.number) else { return }
        let left = holding.part.map { holding.isCheck ? $0 : jobs[lease.job].missing(of: $0) }
        guard let left, holding.isCheck || !left.isEmpty else {
            release(lease, .done, "its part is done")
            return makeReady(lease.job)
        }
        charge(lease, "reported done with \(counted(left.count, "row")) missing", to: session)
    }

    mutating func fail(
        _ name: LeaseName, _ failure: WireFailureClass, _ detail: String, _ example: UInt32?,
        from session: SessionFacts
    ) {
        guard let (lease, holding) = holding(of: name, by: session.number) else {
            return ignore(session.worker, "failure of \(name.job) under epoch \(name.epoch)")
        }
        let detail = WireLimits.truncated(detail: detail)
        switch failure {
        case .infrastructure: setBack(lease, detail, by: session)
        case .data where !holding.isCheck && example.map { jobs[lease.job].isMissing($0) } ?? true:
            release(lease, .failed, detail)
            let text = WireLimits.truncated(detail: "\(session.host): \(detail)")
            if let example { giveUp(example, of: lease.job, text) } else { giveUp(lease.job, text) }
        default: charge(lease, detail, example: example, to: session)
        }
    }

    mutating func takeBack(_ name: LeaseName, from session: SessionFacts) {
        guard let (lease, _) = holding(of: name, by: session.number) else { return }
        if sessions[session.number].isDraining {
            release(lease, .returned, "draining")
            makeReady(lease.job)
        } else {
            setBack(lease, "not wanted", by: session)
        }
    }

    /// Ends a lease without blame; in a row, such ends put the job off for longer and longer.
    private mutating func setBack(_ lease: LeaseNumber, _ detail: String, by session: SessionFacts) {
        release(lease, .returned, detail)
        guard jobs[lease.job].isOpen else { return }
        jobs[lease.job].addTry(by: session.worker, on: session.host)
        jobs[lease.job].setbacks += 1
        putOff(lease.job, attempts: jobs[lease.job].setbacks)
    }

    /// Ends a lease and counts it against the job and the worker; the job is tried again elsewhere.
    mutating func charge(_ lease: LeaseNumber, _ detail: String, example: UInt32? = nil, to session: SessionFacts) {
        guard let holding = holding(of: lease, by: session.number) else { return }
        let id = jobs[lease.job].facts.id
        release(lease, .failed, detail)
        workerRecords[Int(session.number)].failures += 1
        accuse(holding, of: lease.job, .init(host: session.host, isCharged: true, example: example), detail)
        if jobs[lease.job].isOpen {
            jobs[lease.job].addTry(by: session.worker, on: session.host)
            putOff(lease.job, attempts: jobs[lease.job].suspicion.losses.count)
        }
        if !holding.hasProgressed { blame(session.number, for: lease.job, id) }
    }

    /// Ends a lease whose worker fell silent, or was too slow: nobody is charged, but the job may be why.
    mutating func lose(
        _ holding: JobRecord.Holding, of id: JobNumber, _ reason: ReleaseReason, _ detail: String, isAtIt: Bool
    ) {
        release(LeaseNumber(job: id, epoch: holding.epoch), reason, detail)
        if isAtIt {
            let host = workerRecords[Int(holding.worker)].host
            accuse(holding, of: id, .init(host: host, isCharged: false), detail)
        }
        makeReady(id)
    }

    /// A lease was lost while it was being computed.
    private mutating func accuse(
        _ holding: JobRecord.Holding, of id: JobNumber, _ loss: Suspicion.Loss, _ detail: String
    ) {
        guard !holding.isCheck, jobs[id].isOpen, !jobs[id].missing.isEmpty else { return }
        let guilty = jobs[id].accuse(
            loss, part: holding.part, attempts: parameters.attempts,
            hosts: activeHosts[binding(of: id) ?? ""]?.count ?? 0)
        guard let guilty else { return }
        forgive(id)
        let losses = jobs[id].suspicion.losses
        let hosts = Set(losses.map(\.host)).sorted().joined(separator: ", ")
        giveUp(
            guilty, of: id,
            WireLimits.truncated(detail: "\(counted(losses.count, "attempt")) failed on \(hosts); the last: \(detail)"))
    }

    /// Gives up one example; the job goes on with its others.
    private mutating func giveUp(_ example: UInt32, of id: JobNumber, _ detail: String) {
        guard jobs[id].isMissing(example) else { return }
        let before = jobs[id].missingTokens
        commit(.gaveUp(job: jobs[id].facts.id, example: example, detail: detail))
        observe(.gaveUp(jobs[id].facts.id, example: example, detail: detail))
        counters.examplesGivenUp += 1
        jobs[id].giveUp(example)
        jobs[id].suspicion = Suspicion()
        runs[id.run].strike(tokens: before, jobs[id].missingTokens)
        if jobs[id].missing.isEmpty { complete(id) } else { makeReady(id) }
    }

    /// Gives up a job with all that it misses.
    private mutating func giveUp(_ id: JobNumber, _ detail: String) {
        guard jobs[id].isOpen else { return }
        endLeases(of: id, "the job is given up")
        retire(id)
        runs[id.run].strike(tokens: jobs[id].missingTokens, 0)
        close(id, .failed(detail: detail))
    }

    /// Has a lease looked at then, if not earlier.
    mutating func lookAt(_ lease: LeaseNumber, at due: Instant) {
        guard let place = jobs[lease.job].holdings.firstIndex(where: { $0.epoch == lease.epoch }),
            jobs[lease.job].holdings[place].due.map({ due < $0 }) ?? true
        else { return }
        jobs[lease.job].holdings[place].due = due
        deadlines.add(.lease(name(of: lease)), at: due)
    }

    /// Looks at a lease whose time may be up.
    mutating func lookAt(_ lease: LeaseNumber) {
        let id = lease.job
        guard let holding = jobs[id].holding(lease.epoch) else { return }
        guard let due = holding.due, clock >= due else { return }
        jobs[id].update(lease.epoch) { $0.due = nil }
        let isAtIt = workerRecords[Int(holding.worker)].held.first == id
        if clock >= holding.expires { return lose(holding, of: id, .expired, "not renewed", isAtIt: isAtIt) }
        var next = holding.expires
        if let session = sessions.open(holding.worker), isAtIt {
            let patience = patience(with: id, holding)
            let tokens = holding.part == nil ? jobs[id].facts.estimatedTokens : holding.tokens
            let deadline = max(parameters.jobDeadline, estimate(of: tokens, holding.worker).map { 5 * $0 } ?? 0)
            if clock - holding.lastProgress >= patience {
                send(.heartbeatAck(renewed: [], cancelled: [name(of: lease)]), to: session.id)
                return charge(lease, "no example finished in \(patience / 1000) s", to: session)
            }
            if !jobs[id].facts.isMeasurement, clock - holding.began >= deadline {
                send(.heartbeatAck(renewed: [], cancelled: [name(of: lease)]), to: session.id)
                return lose(holding, of: id, .expired, "not done in \(deadline / 1000) s", isAtIt: true)
            }
            next = min(next, holding.lastProgress + patience)
            if !jobs[id].facts.isMeasurement { next = min(next, holding.began + deadline) }
        }
        lookAt(lease, at: max(next, clock + 1))
    }

    /// How long a job may go without a finished example: a generous multiple of what it should take.
    private func patience(with id: JobNumber, _ holding: JobRecord.Holding) -> Milliseconds {
        let facts = jobs[id].facts
        if facts.isMeasurement { return parameters.passPatience }
        guard holding.hasProgressed, let whole = estimate(of: facts.estimatedTokens, holding.worker) else {
            return max(parameters.firstProgress, parameters.noProgress)
        }
        // Examples are computed in packs, at most a whole job at once.
        let example = whole / UInt64(max(1, facts.examples.count))
        return max(parameters.noProgress, 10 * example, 2 * whole)
    }

    /// How long a worker needs for so many tokens; nil while its speed is unknown.
    func estimate(of tokens: UInt64, _ worker: WorkerNumber) -> Milliseconds? {
        sessions[worker].speed.map { Milliseconds(min(Double(tokens) / $0 * 1000, 86_400_000)) }
    }
}
