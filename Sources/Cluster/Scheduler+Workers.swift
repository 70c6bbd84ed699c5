import Wire

/// What workers are trusted with: quarantine, canaries, windows.
extension Scheduler {
    /// The place of a key that says Hello.
    mutating func register(_ worker: WorkerKey, _ hello: Hello) -> WorkerNumber {
        let number = number(ofWorker: worker)
        workerRecords[Int(number)].greet(hello, at: clock)
        return number
    }

    /// The place of a key that a lease names.
    mutating func number(ofWorker worker: WorkerKey) -> WorkerNumber {
        if let number = numbers[worker] { return number }
        let number = WorkerNumber(workerRecords.count)
        workerRecords.append(WorkerRecord(key: worker))
        numbers[worker] = number
        return number
    }

    /// A failure without a row is the worker's, unless the job fails elsewhere too.
    mutating func blame(_ number: WorkerNumber, for id: JobNumber, _ name: JobID) {
        let others = jobs[id].blamed.contains { $0 != number }
        if !jobs[id].blamed.contains(number) { jobs[id].blamed.append(number) }
        guard !others else { return forgive(id) }
        if workerRecords[Int(number)].fails(at: name, now: clock, parameters) { quarantine(number) }
    }

    /// The failures at a job were the job's.
    mutating func forgive(_ id: JobNumber) {
        for number in jobs[id].blamed { workerRecords[Int(number)].forgive(jobs[id].facts.id) }
    }

    private mutating func quarantine(_ number: WorkerNumber) {
        let key = workerRecords[Int(number)].key
        let doublings = UInt64(min(workerRecords[Int(number)].quarantines, 16))
        let span = min(parameters.quarantineLimit, parameters.quarantine << doublings)
        workerRecords[Int(number)].quarantines += 1
        workerRecords[Int(number)].quarantinedUntil = clock + span
        workerRecords[Int(number)].isCanary = true
        workerRecords[Int(number)].failedInRow = []
        workerRecords[Int(number)].recentFailures = []
        counters.workersQuarantined += 1
        observe(.quarantined(key, span))
        deadlines.add(.quarantine(number), at: clock + span)
        change(number) { $0.isBarred = true }
        for job in workerRecords[Int(number)].held {
            guard let holding = jobs[job].holding(of: number) else { continue }
            let lease = LeaseNumber(job: job, epoch: holding.epoch)
            send(.heartbeatAck(renewed: [], cancelled: [name(of: lease)]), toWorker: number)
            release(lease, .returned, "its worker is in quarantine")
            makeReady(job)
        }
    }

    mutating func endQuarantine(of number: WorkerNumber) {
        guard let until = workerRecords[Int(number)].quarantinedUntil, clock >= until else { return }
        workerRecords[Int(number)].quarantinedUntil = nil
        change(number) { $0.isBarred = false }
    }

    /// A worker did what it was given.
    mutating func passCanary(_ worker: WorkerNumber) {
        guard workerRecords[Int(worker)].isCanary, workerRecords[Int(worker)].quarantinedUntil == nil else { return }
        workerRecords[Int(worker)].isCanary = false
        workerRecords[Int(worker)].quarantines = 0
        if let session = sessions.open(worker) { refresh(session.place) }
    }

    /// A slow commit halves what workers may have under way; quick ones give it back little by little.
    mutating func pace(_ commit: Milliseconds) {
        if commit > parameters.slowCommit {
            pacing = max(1.0 / 64, pacing / 2)
            counters.commitsSlow += 1
        } else {
            pacing = min(1, pacing + 1.0 / 256)
        }
    }

    /// What a session may have under way from now on. All that sessions were told never exceeds the limit.
    mutating func window(of worker: WorkerNumber) -> UInt64 {
        let old = sessions[worker].window
        // A byte for each, since 0 would say nothing; a worker always sends one batch.
        let all = max(parameters.windows, 2 * UInt64(parameters.sessionLimit)) - UInt64(parameters.sessionLimit)
        let share = min(parameters.window, all / UInt64(max(1, sessions.count)))
        let wanted = UInt64(Double(share) * pacing)
        let new = max(1, min(wanted, old + (all > windowsTold ? all - windowsTold : 0)))
        windowsTold = windowsTold - old + new
        sessions[worker].window = new
        return new
    }
}
