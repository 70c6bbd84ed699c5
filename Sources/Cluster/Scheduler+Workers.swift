import Wire

/// What workers are trusted with: quarantine, canaries, windows.
extension Scheduler {
    /// The place of a key that says Hello.
    mutating func register(_ worker: WorkerKey, _ hello: Hello) -> WorkerNumber {
        if let number = numbers[worker] {
            workerRecords[Int(number)].greet(hello, at: clock)
            return number
        }
        let number = WorkerNumber(workerRecords.count)
        workerRecords.append(WorkerRecord(key: worker, hello: hello, at: clock))
        numbers[worker] = number
        return number
    }

    /// A failure without a row is the worker's, unless the job fails elsewhere too.
    mutating func blame(_ number: WorkerNumber, for id: JobID) {
        let others = jobs[id]?.blamed.filter { $0 != number } ?? []
        if jobs[id]?.blamed.contains(number) == false { jobs[id]?.blamed.append(number) }
        guard others.isEmpty else { return forgive(id) }
        if workerRecords[Int(number)].fails(at: id, now: clock, parameters) { quarantine(number) }
    }

    /// The failures at a job were the job's.
    mutating func forgive(_ id: JobID) {
        for number in jobs[id]?.blamed ?? [] { workerRecords[Int(number)].forgive(id) }
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
        if let session = sessionOfWorker[key] { change(session) { $0.isBarred = true } }
        for job in holdings[key] ?? [] {
            guard let holding = jobs[job]?.holding(of: key) else { continue }
            send(.heartbeatAck(renewed: [], cancelled: [holding.name]), toWorker: key)
            release(holding.name, .returned, "its worker is in quarantine")
            makeReady(job)
        }
    }

    mutating func endQuarantine(of number: WorkerNumber) {
        guard let until = workerRecords[Int(number)].quarantinedUntil, clock >= until else { return }
        workerRecords[Int(number)].quarantinedUntil = nil
        if let session = sessionOfWorker[workerRecords[Int(number)].key] { change(session) { $0.isBarred = false } }
    }

    /// A worker did what it was given.
    mutating func passCanary(_ worker: WorkerKey) {
        guard let number = numbers[worker], workerRecords[Int(number)].isCanary,
            workerRecords[Int(number)].quarantinedUntil == nil
        else { return }
        workerRecords[Int(number)].isCanary = false
        workerRecords[Int(number)].quarantines = 0
        if let session = sessionOfWorker[worker] { refresh(session) }
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
    mutating func window(of id: SessionID) -> UInt64 {
        guard let old = sessions[id]?.window else { return 1 }
        // A byte for each, since 0 would say nothing; a worker always sends one batch.
        let all = max(parameters.windows, 2 * UInt64(parameters.sessionLimit)) - UInt64(parameters.sessionLimit)
        let share = min(parameters.window, all / UInt64(max(1, sessions.count)))
        let wanted = UInt64(Double(share) * pacing)
        let new = max(1, min(wanted, old + (all > windowsTold ? all - windowsTold : 0)))
        windowsTold = windowsTold - old + new
        sessions[id]?.window = new
        return new
    }
}
