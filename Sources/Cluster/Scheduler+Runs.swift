/// Runs come: new, found at the start, resumed, or with jobs that are missing rows again.
extension Scheduler {
    mutating func recover(_ runs: [RunDescription], _ revoked: Set<WorkerKey>) {
        revokedKeys.formUnion(revoked)
        if !runs.isEmpty { graceEnds = clock + parameters.restartGrace }
        for run in runs { submit(run) }
    }

    /// Takes a run in; one that was over may come again.
    mutating func submit(_ run: RunDescription) {
        guard runs[run.id]?.state != .running else { return ignore("", "run \(run.id) is going on already") }
        var record = RunRecord(run)
        record.served = openRuns.compactMap { runs[$0] }.filter { $0.priority == run.priority }.map(\.served).min() ?? 0
        runs[run.id] = record
        openRuns.append(run.id)
        // It is not over before its last job is in.
        runs[run.id]?.openJobs += 1
        for description in run.jobs { admit(description, run.id) }
        runs[run.id]?.openJobs -= 1
        endIfOver(run.id)
    }

    private mutating func admit(_ description: JobDescription, _ run: RunID) {
        guard jobs[description.id] == nil else { return ignore("", "job \(description.id) exists already") }
        let job = JobRecord(description, run: run)
        jobs[description.id] = job
        runs[run]?.add(description.id)
        runs[run]?.openJobs += 1
        runs[run]?.rowsExpected += UInt64(job.examples.count)
        runs[run]?.rowsMissing += UInt64(job.missing.count + job.givenUp.count)
        runs[run]?.missingTokens += job.missingTokens
        guard !job.missing.isEmpty else { return complete(description.id) }
        for lease in description.leases.suffix(LeasePurpose.allCases.count) { restore(lease) }
        if jobs[description.id]?.isComputed == false { makeReady(description.id) }
    }

    /// Takes over a lease of an earlier start: its worker may be computing still, and has the grace to say so.
    private mutating func restore(_ lease: Lease) {
        // What was to be compared is forgotten; rows of that lease still count.
        guard let job = jobs[lease.job], job.holding(of: lease.worker) == nil, lease.purpose != .check,
            !revokedKeys.contains(lease.worker),
            !job.holdings.contains(where: { $0.lease.purpose == lease.purpose || $0.lease.epoch == lease.epoch })
        else {
            let reason: ReleaseReason = revokedKeys.contains(lease.worker) ? .revoked : .disowned
            return commit(.released(job: lease.job, epoch: lease.epoch, reason: reason))
        }
        let expires = clock + parameters.restartGrace
        jobs[lease.job]?.holdings.append(.init(lease: lease, expires: expires, began: clock, lastProgress: clock))
        holdings[lease.worker, default: []].append(lease.job)
        lookAt(LeaseName(job: lease.job, epoch: lease.epoch), at: expires)
        jobs[lease.job]?.phase = .leased
        jobs[lease.job]?.isShared = true
        if !job.isComputed { runs[job.run]?.leasedJobs += 1 }
        running.insert(lease.job)
    }

    /// Jobs whose rows were put aside, because their author was revoked, as the store has them now.
    mutating func reopen(_ descriptions: [JobDescription], of run: RunID) {
        guard runs[run]?.state == .running else { return ignore("", "run \(run) is not going on") }
        for description in descriptions {
            guard let job = jobs[description.id] else {
                readmit(description, run)
                continue
            }
            guard job.run == run else { continue }
            let gone = description.missing ?? description.examples
            reopen(description.id, gone.filter { !job.isMissing($0) && !job.isGivenUp($0) })
        }
        endIfOver(run)
    }

    /// A job that was over before this start of the coordinator.
    private mutating func readmit(_ description: JobDescription, _ run: RunID) {
        let before = runs[run]?.rowsExpected ?? 0
        admit(description, run)
        guard jobs[description.id] != nil else { return }
        // Its rows are counted in the run already.
        runs[run]?.rowsExpected = before + UInt64(description.givenUp.count)
        if !description.givenUp.isEmpty {
            let failed = runs[run]?.failedJobs ?? 0
            runs[run]?.failedJobs = max(0, failed - 1)
        }
    }

    /// Makes examples of a job missing whose rows are no longer stored; the job is open again.
    mutating func reopen(_ id: JobID, _ examples: [UInt32]) {
        guard let before = jobs[id], !examples.isEmpty else { return }
        dropChecks(of: id) { check in examples.contains(check.example) }
        let added = jobs[id]?.reopen(examples) ?? 0
        guard added > 0, let job = jobs[id] else { return }
        runs[job.run]?.rowsMissing += UInt64(added)
        runs[job.run]?.missingTokens += job.missingTokens - min(before.missingTokens, job.missingTokens)
        guard !before.isOpen else { return }
        jobs[id]?.phase = .waiting
        jobs[id]?.suspicion = Suspicion()
        runs[job.run]?.openJobs += 1
        runs[job.run]?.checkingSince = nil
        if before.phase == .failed { runs[job.run]?.failedJobs -= 1 }
        if before.isQueuedForCheck {
            jobs[id]?.isQueuedForCheck = false
            runs[job.run]?.dequeueCheck(id)
            checksReady -= 1
        }
        // Comparisons go on when the job is over again.
        for holding in before.holdings {
            send(.heartbeatAck(renewed: [], cancelled: [holding.name]), toWorker: holding.lease.worker)
            release(holding.name, .cancelled, "rows of the job are missing again")
        }
        makeReady(id)
    }
}
