/// The moves of jobs between queues and holders, and the ends of runs.
extension Scheduler {
    /// Ends a lease without its job being done. The caller says what becomes of the job.
    mutating func release(_ name: LeaseName, _ reason: ReleaseReason, _ detail: String) {
        guard let holding = jobs[name.job]?.holding(name.epoch) else { return }
        commit(.released(job: name.job, epoch: name.epoch, reason: reason))
        observe(.leaseEnded(holding.lease, reason, detail: detail))
        switch reason {
        case .expired, .disowned: counters.leasesExpired += 1
        case .failed: counters.leasesFailed += 1
        case .returned: counters.leasesReturned += 1
        case .moved: counters.leasesMoved += 1
        case .cancelled, .revoked, .done: break
        }
        withdraw(holding)
    }

    /// Takes a lease from its worker and its job.
    mutating func withdraw(_ holding: JobRecord.Holding) {
        let (id, worker) = (holding.lease.job, holding.lease.worker)
        jobs[id]?.holdings.removeAll { $0.lease.epoch == holding.lease.epoch }
        if let job = jobs[id], !holding.isCheck, !job.isComputed {
            running.remove(id)
            runs[job.run]?.leasedJobs -= 1
            if job.phase == .leased { jobs[id]?.phase = .waiting }
        }
        if holding.isCheck { reopenChecks(id, holding.part ?? []) }
        let wasFirst = holdings[worker]?.first == id
        holdings[worker]?.removeAll { $0 == id }
        if wasFirst, let next = holdings[worker]?.first { begin(next, worker) }
        if holdings[worker]?.isEmpty == true { holdings[worker] = nil }
        if let session = sessionOfWorker[worker] { refresh(session) }
    }

    /// A leased job became the one that its worker works on.
    mutating func begin(_ id: JobID, _ worker: WorkerKey) {
        guard let epoch = jobs[id]?.holding(of: worker)?.lease.epoch else { return }
        jobs[id]?.update(epoch) {
            $0.began = clock
            $0.lastProgress = clock
        }
    }

    /// Queues an open job that nobody computes.
    mutating func makeReady(_ id: JobID) {
        guard let job = jobs[id], job.phase == .waiting, !job.isComputed, !job.missing.isEmpty else { return }
        if let run = runs[job.run], run.readyJobs == 0, let least = leastServed(besides: run) {
            // What it did not ask for while it had no jobs is not owed to it.
            runs[job.run]?.served = max(run.served, least)
        }
        jobs[id]?.phase = .ready
        runs[job.run]?.enqueue(id, job)
        readyJobs += 1
        workBecameReady = true
    }

    private func leastServed(besides run: RunRecord) -> UInt64? {
        guard openRuns.count > 1 else { return nil }
        return openRuns.lazy.compactMap { runs[$0] }
            .filter { $0.id != run.id && $0.priority == run.priority && $0.readyJobs > 0 }.map(\.served).min()
    }

    /// Puts a job off for a random time up to a limit that doubles with every attempt (full jitter).
    mutating func putOff(_ id: JobID, attempts: Int) {
        guard let job = jobs[id], job.phase == .waiting, !job.isComputed else { return }
        let limit = min(parameters.backoffLimit, parameters.backoff << UInt64(min(max(attempts, 1) - 1, 20)))
        deadlines.add(.retry(id), at: clock + Milliseconds.random(in: 0...limit, using: &random))
    }

    /// Takes a job from its queue or its holders, for it is over. Workers still at it are told to stop.
    mutating func retire(_ id: JobID, besides worker: WorkerKey? = nil) {
        guard let job = jobs[id] else { return }
        if job.phase == .ready {
            runs[job.run]?.dequeue(id)
            readyJobs -= 1
            jobs[id]?.phase = .waiting
        }
        for holding in job.holdings {
            if holding.lease.worker != worker || job.isShared {
                send(.cancel(holding.name), toWorker: holding.lease.worker)
            }
            withdraw(holding)
        }
    }

    /// Ends a run all of whose jobs are over and whose rows are compared, and forgets them.
    mutating func endIfOver(_ id: RunID) {
        guard let run = runs[id], run.state == .running, run.openJobs == 0 else { return }
        if run.checksOpen > 0 || endsHeldUntil != nil {
            if !closing.contains(id) { closing.append(id) }
            if run.checkingSince == nil {
                runs[id]?.checkingSince = clock
                nextClosing = clock
            }
            return
        }
        end(id, run.failedJobs == 0 ? .complete : .incomplete)
    }

    mutating func cancel(_ id: RunID) {
        guard let run = runs[id], run.state == .running else { return }
        runs[id]?.state = .cancelled
        for job in run.jobs {
            guard let record = jobs[job] else { continue }
            for holding in record.holdings {
                send(.cancel(holding.name), toWorker: holding.lease.worker)
                release(holding.name, .cancelled, "run \(id) was cancelled")
            }
            guard record.isOpen else { continue }
            commit(.job(job, .cancelled))
        }
        end(id, .cancelled)
    }

    private mutating func end(_ id: RunID, _ state: RunState) {
        guard let run = runs[id] else { return }
        runs[id]?.state = state
        for job in run.jobs {
            if jobs[job]?.phase == .ready { readyJobs -= 1 }
            if jobs[job]?.isQueuedForCheck == true { checksReady -= 1 }
            forgetChecks(job)
            for holding in jobs[job]?.holdings ?? [] {
                send(.cancel(holding.name), toWorker: holding.lease.worker)
                release(holding.name, .cancelled, "the run is over")
            }
            jobs[job] = nil
        }
        runs[id]?.end(state)
        openRuns.removeAll { $0 == id }
        closing.removeAll { $0 == id }
        commit(.run(id, state))
        observe(.runEnded(id, state))
    }
}
