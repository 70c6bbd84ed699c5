/// The moves of jobs between queues and holders, and the ends of runs.
extension Scheduler {
    /// Ends a job's lease without its being done. The caller says what becomes of the job.
    mutating func release(_ id: JobID, _ reason: ReleaseReason, _ detail: String) {
        guard let lease = jobs[id]?.holding?.lease else { return }
        withdraw(id)
        commit(.released(job: id, epoch: lease.epoch, reason: reason))
        observe(.leaseEnded(lease, reason, detail: detail))
    }

    /// Takes a job from its queue or its holder.
    mutating func withdraw(_ id: JobID) {
        guard let job = jobs[id] else { return }
        if job.phase == .ready {
            runs[job.run]?.dequeue(id)
            readyJobs -= 1
        }
        jobs[id]?.phase = .waiting
        guard let worker = job.holding?.lease.worker else { return }
        let wasFirst = holdings[worker]?.first == id
        holdings[worker]?.removeAll { $0 == id }
        if wasFirst, let next = holdings[worker]?.first { begin(next) }
        if holdings[worker]?.isEmpty == true { holdings[worker] = nil }
        if let session = sessionOfWorker[worker] { refresh(session) }
    }

    /// A leased job became the one that its worker works on.
    mutating func begin(_ id: JobID) {
        guard var holding = jobs[id]?.holding else { return }
        holding.began = clock
        holding.lastProgress = clock
        jobs[id]?.phase = .leased(holding)
    }

    mutating func makeReady(_ id: JobID) {
        guard let job = jobs[id] else { return }
        jobs[id]?.phase = .ready
        runs[job.run]?.enqueue(id, job)
        readyJobs += 1
        workBecameReady = true
    }

    /// Puts a job off for a random time up to a limit that doubles with every attempt (full jitter).
    mutating func putOff(_ id: JobID, attempts: Int) {
        let limit = min(parameters.backoffLimit, parameters.backoff << UInt64(min(max(attempts, 1) - 1, 20)))
        jobs[id]?.phase = .waiting
        deadlines.add(.retry(id), at: clock + Milliseconds.random(in: 0...limit, using: &random))
    }

    /// Ends a run all of whose jobs are over, and forgets them.
    mutating func endIfOver(_ id: RunID) {
        guard let run = runs[id], run.state == .running, run.openJobs == 0 else { return }
        end(id, run.failedJobs == 0 ? .complete : .incomplete)
    }

    mutating func cancel(_ id: RunID) {
        guard let run = runs[id], run.state == .running else { return }
        for job in run.jobs where jobs[job]?.isOpen == true {
            if let lease = jobs[job]?.holding?.lease {
                send(.cancel(LeaseName(job: job, epoch: lease.epoch)), toWorker: lease.worker)
                release(job, .cancelled, "run \(id) was cancelled")
            }
            if jobs[job]?.phase == .ready { readyJobs -= 1 }
            commit(.job(job, .cancelled))
        }
        end(id, .cancelled)
    }

    private mutating func end(_ id: RunID, _ state: RunState) {
        for job in runs[id]?.jobs ?? [] { jobs[job] = nil }
        runs[id]?.end(state)
        openRuns.removeAll { $0 == id }
        commit(.run(id, state))
        observe(.runEnded(id, state))
    }
}
