/// The moves of jobs between queues and holders, and the ends of runs.
extension Scheduler {
    /// Ends a lease without its job being done. The caller says what becomes of the job.
    mutating func release(_ lease: LeaseNumber, _ reason: ReleaseReason, _ detail: String) {
        guard let holding = jobs[lease.job].holding(lease.epoch) else { return }
        let id = jobs[lease.job].facts.id
        commit(.released(job: id, epoch: lease.epoch, reason: reason))
        let ended = Lease(
            job: id, epoch: lease.epoch, worker: workerRecords[Int(holding.worker)].key,
            incarnation: holding.incarnation, purpose: holding.purpose)
        observe(.leaseEnded(ended, reason, detail: detail))
        switch reason {
        case .expired, .disowned: counters.leasesExpired += 1
        case .failed: counters.leasesFailed += 1
        case .returned: counters.leasesReturned += 1
        case .moved: counters.leasesMoved += 1
        case .cancelled, .revoked, .done: break
        }
        withdraw(holding, of: lease.job)
    }

    /// Takes a lease from its worker and its job.
    mutating func withdraw(_ holding: JobRecord.Holding, of id: JobNumber) {
        let worker = holding.worker
        jobs[id].holdings.removeAll { $0.epoch == holding.epoch }
        if holding.isCheck {
            reopenChecks(id, holding.part ?? [])
        } else if !jobs[id].isComputed {
            running.remove(id)
            runs[id.run].leasedJobs -= 1
            if jobs[id].phase == .leased { jobs[id].phase = .waiting }
        }
        let wasFirst = workerRecords[Int(worker)].held.first == id
        workerRecords[Int(worker)].held.removeAll { $0 == id }
        if wasFirst, let next = workerRecords[Int(worker)].held.first { begin(next, worker) }
        if let session = sessions.open(worker) { refresh(session.place) }
    }

    /// A leased job became the one that its worker works on.
    mutating func begin(_ id: JobNumber, _ worker: WorkerNumber) {
        guard let place = jobs[id].holdings.firstIndex(where: { $0.worker == worker }) else { return }
        jobs[id].holdings[place].began = clock
        jobs[id].holdings[place].lastProgress = clock
    }

    /// Queues an open job that nobody computes.
    mutating func makeReady(_ id: JobNumber) {
        guard jobs[id].phase == .waiting, !jobs[id].isComputed, !jobs[id].missing.isEmpty else { return }
        if runs[id.run].readyJobs == 0, let least = leastServed(besides: id.run) {
            // What it did not ask for while it had no jobs is not owed to it.
            runs[id.run].served = max(runs[id.run].served, least)
        }
        jobs[id].phase = .ready
        runs[id.run].enqueue(id, jobs[id])
        readyJobs += 1
        workBecameReady = true
    }

    private func leastServed(besides run: RunNumber) -> UInt64? {
        guard openRuns.count > 1 else { return nil }
        let others = openRuns.lazy.filter {
            $0 != run && runs[$0].priority == runs[run].priority && runs[$0].readyJobs > 0
        }
        return others.map { runs[$0].served }.min()
    }

    /// Puts a job off for a random time up to a limit that doubles with every attempt (full jitter).
    mutating func putOff(_ id: JobNumber, attempts: Int) {
        guard jobs[id].phase == .waiting, !jobs[id].isComputed else { return }
        let limit = min(parameters.backoffLimit, parameters.backoff << UInt64(min(max(attempts, 1) - 1, 20)))
        deadlines.add(
            .retry(jobs[id].facts.id), at: clock + Milliseconds.random(in: 0...limit, using: &random))
    }

    /// Takes a job from its queue or its holders, for it is over. Workers still at it are told to stop.
    mutating func retire(_ id: JobNumber, besides worker: WorkerNumber? = nil) {
        if jobs[id].phase == .ready {
            runs[id.run].dequeue(id)
            readyJobs -= 1
            jobs[id].phase = .waiting
        }
        let isShared = jobs[id].isShared
        for holding in jobs[id].holdings {
            if holding.worker != worker || isShared {
                send(.cancel(name(of: LeaseNumber(job: id, epoch: holding.epoch))), toWorker: holding.worker)
            }
            withdraw(holding, of: id)
        }
    }

    /// Ends a run all of whose jobs are over and whose rows are compared, and forgets them.
    mutating func endIfOver(_ id: RunNumber) {
        guard runs[id].state == .running, runs[id].openJobs == 0 else { return }
        if runs[id].checksOpen > 0 || endsHeldUntil != nil {
            if !closing.contains(id) { closing.append(id) }
            if runs[id].checkingSince == nil {
                runs[id].checkingSince = clock
                nextClosing = clock
            }
            return
        }
        end(id, runs[id].failedJobs == 0 ? .complete : .incomplete)
    }

    mutating func cancel(_ id: RunNumber) {
        guard runs[id].state == .running else { return }
        runs[id].state = .cancelled
        for job in jobs.numbers(of: id) {
            endLeases(of: job, "run \(runs[id].id) was cancelled")
            guard jobs[job].isOpen else { continue }
            commit(.job(jobs[job].facts.id, .cancelled))
        }
        end(id, .cancelled)
    }

    /// Ends all leases of a job that is not wanted any more.
    mutating func endLeases(of id: JobNumber, _ detail: String) {
        for holding in jobs[id].holdings {
            let lease = LeaseNumber(job: id, epoch: holding.epoch)
            send(.cancel(name(of: lease)), toWorker: holding.worker)
            release(lease, .cancelled, detail)
        }
    }

    private mutating func end(_ id: RunNumber, _ state: RunState) {
        runs[id].state = state
        for job in jobs.numbers(of: id) {
            if jobs[job].phase == .ready { readyJobs -= 1 }
            if jobs[job].isQueuedForCheck { checksReady -= 1 }
            forgetChecks(job)
            endLeases(of: job, "the run is over")
        }
        jobs.remove(id)
        runs[id].end(state)
        openRuns.removeAll { $0 == id }
        closing.removeAll { $0 == id }
        commit(.run(runs[id].id, state))
        observe(.runEnded(runs[id].id, state))
    }
}
