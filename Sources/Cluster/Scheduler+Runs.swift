/// Runs come: new, found at the start, resumed, or with jobs that are missing rows again.
extension Scheduler {
    mutating func recover(_ runs: [RunDescription], _ revoked: Set<WorkerKey>) {
        revokedKeys.formUnion(revoked)
        if !runs.isEmpty { graceEnds = clock + parameters.restartGrace }
        for run in runs { submit(run) }
    }

    /// Takes a run in; one that was over may come again.
    mutating func submit(_ run: RunDescription) {
        let old = runNumbers[run.id]
        guard old.map({ runs[$0].state != .running }) ?? true else {
            return ignore("", "run \(run.id) is going on already")
        }
        var record = RunRecord(run)
        record.served = openRuns.filter { runs[$0].priority == run.priority }.map { runs[$0].served }.min() ?? 0
        // It is not over before its last job is in.
        record.openJobs += 1
        let number = old ?? runs.count
        if old == nil { runs.append(record) } else { runs[number] = record }
        runNumbers[run.id] = number
        openRuns.append(number)
        for description in run.jobs { admit(description, number) }
        runs[number].openJobs -= 1
        endIfOver(number)
    }

    private mutating func admit(_ description: JobDescription, _ run: RunNumber) {
        guard jobs.number(of: description.id) == nil else {
            return ignore("", "job \(description.id) exists already")
        }
        let place = runs[run].place(
            ofModel: description.model, description.precision, description.measure)
        let facts = JobFacts(description, model: runs[run].models[place].name, modelPlace: place)
        let limit = JobRecord.leaseLimit
        let leases = (description.pastLeases.suffix(limit) + description.leases.suffix(limit)).map {
            JobRecord.Granted(epoch: $0.epoch, worker: number(ofWorker: $0.worker))
        }
        let id = jobs.add(JobRecord(description, facts, leases: leases), to: run)
        runs[run].openJobs += 1
        runs[run].rowsExpected += UInt64(facts.examples.count)
        runs[run].rowsMissing += UInt64(jobs[id].missing.count + jobs[id].givenUp.count)
        runs[run].missingTokens += jobs[id].missingTokens
        guard !jobs[id].missing.isEmpty else { return complete(id) }
        for lease in description.leases.suffix(LeasePurpose.allCases.count) { restore(lease) }
        if !jobs[id].isComputed { makeReady(id) }
    }

    /// Takes over a lease of an earlier start: its worker may be computing still, and has the grace to say so.
    private mutating func restore(_ lease: Lease) {
        let worker = number(ofWorker: lease.worker)
        // What was to be compared is forgotten; rows of that lease still count.
        guard let id = jobs.number(of: lease.job), !jobs[id].isHeld(by: worker), lease.purpose != .check,
            !revokedKeys.contains(lease.worker),
            !jobs[id].holdings.contains(where: { $0.purpose == lease.purpose || $0.epoch == lease.epoch })
        else {
            let reason: ReleaseReason = revokedKeys.contains(lease.worker) ? .revoked : .disowned
            return commit(.released(job: lease.job, epoch: lease.epoch, reason: reason))
        }
        let expires = clock + parameters.restartGrace
        let wasComputed = jobs[id].isComputed
        jobs[id].holdings.append(
            JobRecord.Holding(
                worker: worker, epoch: lease.epoch, incarnation: lease.incarnation, purpose: lease.purpose,
                expires: expires, began: clock, lastProgress: clock))
        workerRecords[Int(worker)].held.append(id)
        lookAt(LeaseNumber(job: id, epoch: lease.epoch), at: expires)
        jobs[id].phase = .leased
        jobs[id].isShared = true
        if !wasComputed { runs[id.run].leasedJobs += 1 }
        running.insert(id)
    }

    /// Jobs whose rows were put aside, because their author was revoked, as the store has them now.
    mutating func reopen(_ descriptions: [JobDescription], of run: RunID) {
        guard let number = runNumbers[run], runs[number].state == .running else {
            return ignore("", "run \(run) is not going on")
        }
        for description in descriptions {
            guard let id = jobs.number(of: description.id) else {
                readmit(description, number)
                continue
            }
            guard id.run == number else { continue }
            let gone = description.missing ?? description.examples
            let job = jobs[id]
            reopen(id, gone.filter { !job.isMissing($0) && !job.isGivenUp($0) })
        }
        endIfOver(number)
    }

    /// A job that was over before this start of the coordinator.
    private mutating func readmit(_ description: JobDescription, _ run: RunNumber) {
        let before = runs[run].rowsExpected
        admit(description, run)
        guard jobs.number(of: description.id) != nil else { return }
        // Its rows are counted in the run already.
        runs[run].rowsExpected = before + UInt64(description.givenUp.count)
        if !description.givenUp.isEmpty { runs[run].failedJobs = max(0, runs[run].failedJobs - 1) }
    }

    /// Makes examples of a job missing whose rows are no longer stored; the job is open again.
    mutating func reopen(_ id: JobNumber, _ examples: [UInt32]) {
        guard !examples.isEmpty else { return }
        let before = jobs[id]
        dropChecks(of: id) { check in examples.contains(check.example) }
        let added = jobs[id].reopen(examples)
        guard added > 0 else { return }
        runs[id.run].rowsMissing += UInt64(added)
        runs[id.run].missingTokens += jobs[id].missingTokens - min(before.missingTokens, jobs[id].missingTokens)
        guard !before.isOpen else { return }
        jobs[id].phase = .waiting
        jobs[id].suspicion = Suspicion()
        runs[id.run].openJobs += 1
        runs[id.run].checkingSince = nil
        if before.phase == .failed { runs[id.run].failedJobs -= 1 }
        if before.isQueuedForCheck {
            jobs[id].isQueuedForCheck = false
            runs[id.run].dequeueCheck(id)
            checksReady -= 1
        }
        // Comparisons go on when the job is over again.
        for holding in before.holdings {
            let lease = LeaseNumber(job: id, epoch: holding.epoch)
            send(.heartbeatAck(renewed: [], cancelled: [name(of: lease)]), toWorker: holding.worker)
            release(lease, .cancelled, "rows of the job are missing again")
        }
        makeReady(id)
    }
}
