import Wire

/// What becomes of jobs: rows, failures, returns, expiry, cancellation.
extension Scheduler {
    mutating func admit(_ run: RunDescription) {
        precondition(runs[run.id] == nil, "run \(run.id) was submitted before")
        var record = RunRecord(run)
        record.served = openRuns.compactMap { runs[$0] }.filter { $0.priority == run.priority }.map(\.served).min() ?? 0
        runs[run.id] = record
        openRuns.append(run.id)
        for description in run.jobs { admit(description, run.id) }
        endIfOver(run.id)
    }

    private mutating func admit(_ description: JobDescription, _ run: RunID) {
        let job = JobRecord(description, run: run)
        jobs[description.id] = job
        runs[run]?.rowsMissing += UInt64(job.missing.count)
        runs[run]?.missingTokens += job.missingTokens
        if let lease = description.leases.last, !job.missing.isEmpty {
            // Its worker may be computing still: it has the grace to say so.
            let expires = clock + parameters.restartGrace
            jobs[description.id]?.phase = .leased(
                .init(lease: lease, expires: expires, began: clock, lastProgress: clock))
            holdings[lease.worker, default: []].append(description.id)
            deadlines.add(.lease(LeaseName(job: description.id, epoch: lease.epoch)), at: expires)
        } else if job.missing.isEmpty {
            jobs[description.id]?.phase = .waiting
            complete(description.id)
        } else {
            makeReady(description.id)
        }
    }

    /// A current lease, if it is the worker's and of that epoch.
    func holding(of name: LeaseName, by worker: WorkerKey) -> JobRecord.Holding? {
        guard let holding = jobs[name.job]?.holding else { return nil }
        return holding.lease.epoch == name.epoch && holding.lease.worker == worker ? holding : nil
    }

    /// Rows: durable first, then acknowledged. They count under any lease of the job that the worker ever held.
    mutating func score(_ name: LeaseName, _ batch: UInt64, _ rows: [WireRow], from session: SessionRecord) {
        guard let job = jobs[name.job], job.phase != .failed, job.wasLeased(to: session.worker, epoch: name.epoch)
        else {
            observe(.ignored(session.worker, detail: "scores of \(name.job) under epoch \(name.epoch)"))
            return send(.cancel(name), to: session.id)
        }
        if let fault = fault(in: rows, of: job) {
            observe(.ignored(session.worker, detail: "batch \(batch) of \(name.job) has \(fault)"))
            send(.cancel(name), to: session.id)
            return charge(name, "sent \(fault)", to: session)
        }
        commit(.scored(job: name.job, epoch: name.epoch, worker: session.worker, rows: rows))
        send(.ack(name, batch: batch), to: session.id)
        let received = jobs[name.job]?.receive(rows.lazy.map(\.example)) ?? 0
        let tokens = job.missingTokens - (jobs[name.job]?.missingTokens ?? 0)
        runs[job.run]?.rowsMissing -= UInt64(received)
        runs[job.run]?.missingTokens -= tokens
        if var holding = holding(of: name, by: session.worker) {
            holding.lastProgress = clock
            holding.hasProgressed = true
            jobs[name.job]?.phase = .leased(holding)
            jobs[name.job]?.setbacks = 0
        } else if received > 0 {
            observe(.salvaged(name, rows: received))
        }
        if jobs[name.job]?.missing.isEmpty == true { complete(name.job, by: session.worker) }
    }

    private func fault(in rows: [WireRow], of job: JobRecord) -> String? {
        guard !rows.isEmpty, rows.count <= parameters.batchLimit else {
            return "\(rows.count) rows; 1 to \(parameters.batchLimit) are allowed"
        }
        for row in rows {
            guard job.hasExample(row.example) else { return "example \(row.example), which is not of the job" }
            let hasNaN =
                row.flopsReduction.isNaN || row.flopsReductionWithHead.isNaN
                || row.choices.contains { $0.loglikelihood.isNaN || $0.margin.isNaN }
            guard !hasNaN else { return "NaN in example \(row.example)" }
        }
        return nil
    }

    /// Done, if it was not: rows of all examples are in.
    private mutating func complete(_ id: JobID, by worker: WorkerKey? = nil) {
        guard let job = jobs[id], job.isOpen else { return }
        if let lease = job.holding?.lease, lease.worker != worker {
            send(.cancel(LeaseName(job: id, epoch: lease.epoch)), toWorker: lease.worker)
        }
        withdraw(id)
        jobs[id]?.phase = .done
        commit(.job(id, .done))
        runs[job.run]?.openJobs -= 1
        endIfOver(job.run)
    }

    /// The worker says that all rows are acknowledged; what is missing nevertheless is computed elsewhere.
    mutating func finish(_ name: LeaseName, from session: SessionRecord) {
        guard holding(of: name, by: session.worker) != nil, let missing = jobs[name.job]?.missing else { return }
        charge(name, "reported done with \(missing.count) rows missing", to: session)
    }

    mutating func fail(
        _ name: LeaseName, _ failure: WireFailureClass, _ detail: String, from session: SessionRecord
    ) {
        guard holding(of: name, by: session.worker) != nil else {
            return observe(.ignored(session.worker, detail: "failure of \(name.job) under epoch \(name.epoch)"))
        }
        switch failure {
        case .data:
            release(name.job, .failed, detail)
            giveUp(name.job, "\(session.host): \(detail)")
        case .infrastructure: setBack(name.job, detail, by: session)
        default: charge(name, detail, to: session)
        }
    }

    mutating func takeBack(_ name: LeaseName, from session: SessionRecord) {
        guard holding(of: name, by: session.worker) != nil else { return }
        if sessions[session.id]?.isDraining == true {
            release(name.job, .returned, "draining")
            makeReady(name.job)
        } else {
            setBack(name.job, "not wanted", by: session)
        }
    }

    /// Ends a lease and counts it against the job, which is tried again elsewhere or given up.
    private mutating func charge(_ name: LeaseName, _ detail: String, to session: SessionRecord) {
        guard holding(of: name, by: session.worker) != nil else { return }
        release(name.job, .failed, detail)
        jobs[name.job]?.failures.append(ChargedFailure(worker: session.worker, host: session.host))
        jobs[name.job]?.addTry(by: session.worker, on: session.host)
        let failures = jobs[name.job]?.failures ?? []
        if failures.count >= parameters.attempts {
            let hosts = Set(failures.map(\.host)).sorted().joined(separator: ", ")
            giveUp(name.job, "\(failures.count) attempts failed on \(hosts); the last: \(detail)")
        } else {
            putOff(name.job, attempts: failures.count)
        }
    }

    /// Ends a lease without blame; in a row, such ends put the job off for longer and longer.
    private mutating func setBack(_ id: JobID, _ detail: String, by session: SessionRecord) {
        release(id, .returned, detail)
        jobs[id]?.addTry(by: session.worker, on: session.host)
        jobs[id]?.setbacks += 1
        putOff(id, attempts: jobs[id]?.setbacks ?? 1)
    }

    private mutating func giveUp(_ id: JobID, _ detail: String) {
        guard let run = jobs[id]?.run else { return }
        jobs[id]?.phase = .failed
        commit(.job(id, .failed(detail: WireLimits.truncated(detail: detail))))
        runs[run]?.openJobs -= 1
        runs[run]?.failedJobs += 1
        endIfOver(run)
    }

    /// Looks at a lease whose time may be up.
    mutating func check(_ name: LeaseName) {
        guard let job = jobs[name.job], let holding = job.holding, holding.lease.epoch == name.epoch else { return }
        let worker = holding.lease.worker
        if clock >= holding.expires {
            release(name.job, .expired, "not renewed")
            return makeReady(name.job)
        }
        var next = holding.expires
        if let session = sessionOfWorker[worker].flatMap({ sessions[$0] }), holdings[worker]?.first == name.job {
            let patience = patience(with: job, holding, session)
            let deadline = max(parameters.jobDeadline, estimate(of: job.estimatedTokens, session).map { 5 * $0 } ?? 0)
            if clock - holding.lastProgress >= patience {
                send(.heartbeatAck(renewed: [], cancelled: [name]), to: session.id)
                return charge(name, "no example finished in \(patience / 1000) s", to: session)
            }
            if clock - holding.began >= deadline {
                send(.heartbeatAck(renewed: [], cancelled: [name]), to: session.id)
                release(name.job, .expired, "not done in \(deadline / 1000) s")
                return makeReady(name.job)
            }
            next = min(next, holding.lastProgress + patience, holding.began + deadline)
        }
        deadlines.add(.lease(name), at: next)
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
    private func estimate(of tokens: UInt64, _ session: SessionRecord) -> Milliseconds? {
        let speed = session.load.tokensPerSecond
        guard speed.isFinite, speed > 0 else { return nil }
        return Milliseconds(min(Double(tokens) / speed * 1000, 86_400_000))
    }
}
