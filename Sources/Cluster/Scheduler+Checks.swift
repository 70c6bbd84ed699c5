import Wire

/// Rows are computed again by others, until their authors are trusted, and now and then for ever.
extension Scheduler {
    /// The most rows that one lease compares.
    private static let checkLimit = 64
    /// Leases of a comparison that may end without a row.
    private static let checkAttempts = 3
    /// How long the comparison of a second row may take to follow its commit.
    private static let comparison: Milliseconds = 10_000

    /// Of new rows, those that another worker has to compute too: all of an author that is not trusted yet, as far as
    /// they are needed for that, and now and then a whole batch of one that is.
    mutating func chooseChecks(_ rows: [UInt32], of id: JobID, by number: WorkerNumber) {
        guard parameters.verification > 0, let run = jobs[id]?.run else { return }
        let author = workerRecords[Int(number)]
        var chosen = 0
        if author.trust < parameters.trustAfter {
            chosen = max(0, parameters.trustAfter - author.trust - author.checksOpen)
        } else if Double.random(in: 0..<1, using: &random) < parameters.verification {
            chosen = Self.checkLimit
        }
        for example in rows.prefix(chosen) { add(Check(example: example, author: number), to: id, run) }
    }

    private mutating func add(_ check: Check, to id: JobID, _ run: RunID) {
        jobs[id]?.checks.append(check)
        runs[run]?.checksOpen += 1
        runs[run]?.checkedJobs.insert(id)
        if let author = check.author { workerRecords[Int(author)].checksOpen += 1 }
    }

    /// Queues a job that is over and has rows which somebody should compare.
    mutating func queueChecks(_ id: JobID) {
        guard let job = jobs[id], !job.isOpen, !job.isQueuedForCheck, !job.holdings.contains(where: \.isCheck),
            job.checks.contains(where: { $0.state == .open })
        else { return }
        jobs[id]?.isQueuedForCheck = true
        runs[job.run]?.enqueueCheck(id)
        checksReady += 1
        workBecameReady = true
    }

    /// Takes a job whose rows a session may compare out of the queue.
    mutating func takeCheck(of run: RunID, for session: SessionRecord, model: String?) -> JobID? {
        guard let few = runs[run]?.toCheck.prefix(RunRecord.lookahead), !few.isEmpty else { return nil }
        guard let place = few.firstIndex(where: { mayCheck($0, session, model: model) }) else {
            runs[run]?.passOverChecks()
            return nil
        }
        guard let id = runs[run]?.takeCheck(at: place) else { return nil }
        jobs[id]?.isQueuedForCheck = false
        checksReady -= 1
        return id
    }

    private func mayCheck(_ id: JobID, _ session: SessionRecord, model: String?) -> Bool {
        guard let job = jobs[id], model == nil || job.model == model, mayScore(id, session),
            job.holding(of: session.worker) == nil
        else { return false }
        return job.checks.contains { mayCompare($0, session) }
    }

    /// Nobody confirms a row of its own; on the first comparison nobody on its author's host does, if there are others.
    private func mayCompare(_ check: Check, _ session: SessionRecord) -> Bool {
        guard check.state == .open, !check.hasVoice(session.number) else { return false }
        guard check.differing.isEmpty, let author = check.author,
            workerRecords[Int(author)].host == session.host
        else { return true }
        return (activeHosts[session.engine.identity]?.count ?? 0) < 2
    }

    mutating func grantCheck(_ id: JobID, to session: SessionRecord) {
        guard let job = jobs[id] else { return }
        let places = job.checks.indices.filter { mayCompare(job.checks[$0], session) }.prefix(Self.checkLimit)
        for place in places { jobs[id]?.checks[place].state = .granted }
        give(id, places.map { job.checks[$0].example }, .check, to: session)
        counters.checksGranted += 1
    }

    /// Second rows came; what the store finds is awaited.
    mutating func expectComparison(of received: Set<UInt32>, in id: JobID) {
        guard let job = jobs[id] else { return }
        for place in job.checks.indices where received.contains(job.checks[place].example) {
            if job.checks[place].state == .granted { jobs[id]?.checks[place].state = .received(clock) }
        }
        deadlines.add(.comparison(id), at: clock + Self.comparison)
    }

    mutating func dropUncompared(_ id: JobID) {
        guard let run = jobs[id]?.run else { return }
        let now = clock
        dropChecks(of: id) { check in
            if case .received(let at) = check.state { now - at >= Self.comparison } else { false }
        }
        endIfOver(run)
    }

    /// A lease that was to compare these rows ended without them.
    mutating func reopenChecks(_ id: JobID, _ part: [UInt32]) {
        guard let job = jobs[id] else { return }
        for place in job.checks.indices where job.checks[place].state == .granted {
            guard part.contains(job.checks[place].example) else { continue }
            jobs[id]?.checks[place].state = .open
            jobs[id]?.checks[place].failures += 1
        }
        dropChecks(of: id) { $0.failures >= Self.checkAttempts }
        queueChecks(id)
        endIfOver(job.run)
    }

    /// The store met rows that it had: each is a voice for or against the stored one.
    mutating func compare(_ lease: LeaseName, by worker: WorkerKey, agreed: [UInt32], differing: [UInt32]) {
        guard let number = numbers[worker], !revokedKeys.contains(worker), let run = jobs[lease.job]?.run else {
            return
        }
        for example in agreed { vote(number, on: example, of: lease.job, run, agrees: true) }
        for example in differing { vote(number, on: example, of: lease.job, run, agrees: false) }
        settle(lease.job)
    }

    private mutating func vote(
        _ number: WorkerNumber, on example: UInt32, of id: JobID, _ run: RunID, agrees: Bool
    ) {
        guard let job = jobs[id], let author = job.origin(of: example), author != number else { return }
        if !agrees {
            counters.checksDiffered += 1
            observe(.differed(id, example: example, by: workerRecords[Int(number)].key))
        }
        if let place = job.checks.firstIndex(where: { $0.example == example }) {
            jobs[id]?.checks[place].add(number, agrees: agrees)
        } else if !agrees, parameters.verification > 0 {
            var check = Check(example: example, author: author)
            check.add(number, agrees: false)
            add(check, to: id, run)
        }
    }

    /// Closes the comparisons of a job that are decided. When nobody is left to ask, the larger side of three or more
    /// is right; but nobody is blamed if others might have said more.
    mutating func settle(_ id: JobID, isLast: Bool = false) {
        guard let job = jobs[id] else { return }
        var refuted: [UInt32] = []
        var liars: [WorkerNumber] = []
        for check in job.checks where check.state == .open {
            var verdict = check.verdict(isFinal: false)
            var isBlameless = false
            if verdict == .undecided, !check.differing.isEmpty {
                let isComplete = !hasOtherVoices(than: check, for: job)
                isBlameless = !isComplete
                verdict = check.verdict(isFinal: isLast || isComplete)
            }
            guard verdict != .undecided else { continue }
            // Those who differ from a refuted row need not agree among themselves.
            if verdict == .confirmed { for number in check.agreeing { credit(number) } }
            for number in verdict == .confirmed ? check.differing : check.agreeing
            where debit(number, isBlameless: isBlameless) { liars.append(number) }
            if verdict == .refuted { refuted.append(check.example) } else { counters.checksAgreed += 1 }
            forgetCheck(of: check.example, in: id)
        }
        withdraw(refuted, of: id)
        for number in liars { revoke(number) }
        queueChecks(id)
        endIfOver(job.run)
    }

    private mutating func withdraw(_ refuted: [UInt32], of id: JobID) {
        guard !refuted.isEmpty else { return }
        counters.checksRefuted += UInt64(refuted.count)
        commit(.withdrawn(job: id, examples: refuted, detail: "others computed other scores"))
        reopen(id, refuted)
    }

    private mutating func credit(_ number: WorkerNumber) {
        workerRecords[Int(number)].agreed += 1
        workerRecords[Int(number)].trust += 1
    }

    /// Whether that was one too many.
    private mutating func debit(_ number: WorkerNumber, isBlameless: Bool) -> Bool {
        workerRecords[Int(number)].trust = 0
        guard !isBlameless else { return false }
        workerRecords[Int(number)].wrong += 1
        return workerRecords[Int(number)].wrong == parameters.wrongLimit
    }

    /// Whether a worker that was heard of lately could still compute a disputed row. Walks all workers.
    private func hasOtherVoices(than check: Check, for job: JobRecord) -> Bool {
        guard clock >= graceEnds else { return true }
        let engine = runs[job.run]?.bindings[job.model]
        return workerRecords.indices.contains { index in
            let record = workerRecords[index]
            guard !record.isRevoked, record.engine == engine, !check.hasVoice(WorkerNumber(index)) else { return false }
            return sessionOfWorker[record.key] != nil || clock - record.lastSeen < parameters.checkPatience
        }
    }

    private mutating func forgetCheck(of example: UInt32, in id: JobID) {
        guard let job = jobs[id], let place = job.checks.firstIndex(where: { $0.example == example }) else { return }
        if let author = job.checks[place].author { workerRecords[Int(author)].checksOpen -= 1 }
        jobs[id]?.checks.remove(at: place)
        runs[job.run]?.checksOpen -= 1
        if jobs[id]?.checks.isEmpty == true { runs[job.run]?.checkedJobs.remove(id) }
    }

    /// Forgets all comparisons of a job, for its run is over.
    mutating func forgetChecks(_ id: JobID) {
        for check in jobs[id]?.checks ?? [] { forgetCheck(of: check.example, in: id) }
    }

    /// Gives comparisons up.
    mutating func dropChecks(of id: JobID, where isUnwanted: (Check) -> Bool) {
        for check in jobs[id]?.checks.filter(isUnwanted) ?? [] {
            forgetCheck(of: check.example, in: id)
            counters.checksDropped += 1
        }
    }

    /// A key that lied: all its rows in open runs go, and it is never admitted again.
    private mutating func revoke(_ number: WorkerNumber) {
        let record = workerRecords[Int(number)]
        guard !record.isRevoked else { return }
        let detail = "\(record.wrong) of its scores were refuted by others"
        workerRecords[Int(number)].isRevoked = true
        revokedKeys.insert(record.key)
        counters.workersRevoked += 1
        endsHeldUntil = clock + parameters.attention
        for job in holdings[record.key] ?? [] {
            guard let holding = jobs[job]?.holding(of: record.key) else { continue }
            release(holding.name, .revoked, detail)
            makeReady(job)
        }
        commit(.revoked(record.key, detail: detail))
        observe(.revoked(record.key, detail: detail))
        // What it said of others, and what is to be compared of its own, does not count any more.
        for run in openRuns {
            for id in runs[run]?.checkedJobs.elements ?? [] {
                dropChecks(of: id) { $0.author == number }
                for place in jobs[id]?.checks.indices ?? 0..<0 { jobs[id]?.checks[place].strike(number) }
            }
        }
        guard let session = sessionOfWorker[record.key] else { return }
        send(.reject(.role, detail: "this key was revoked: \(detail)", retryAfter: 0), to: session)
        close(session, .disconnected, leases: .revoked)
    }

    /// Ends the runs in which nothing but comparisons is left that nobody can make. Once a second.
    mutating func closeRuns() {
        if let held = endsHeldUntil, clock >= held { endsHeldUntil = nil }
        guard clock >= nextClosing, !closing.isEmpty else { return }
        nextClosing = clock + 1_000
        for id in closing {
            guard let run = runs[id], run.openJobs == 0, run.state == .running else {
                closing.removeAll { $0 == id }
                continue
            }
            let isTooLong = run.checkingSince.map { clock - $0 >= parameters.checkPatience } ?? false
            for job in run.checkedJobs.elements { closeChecks(of: job, isTooLong: isTooLong) }
            endIfOver(id)
        }
    }

    private mutating func closeChecks(of id: JobID, isTooLong: Bool) {
        guard let job = jobs[id] else { return }
        let isHopeless = job.checks.allSatisfy { check in
            check.state == .open && (isTooLong || !hasComparer(for: check, of: job))
        }
        guard isHopeless else { return }
        settle(id, isLast: true)
        dropChecks(of: id) { $0.state == .open }
    }

    /// Whether a connected worker may compare a row.
    private func hasComparer(for check: Check, of job: JobRecord) -> Bool {
        guard let engine = runs[job.run]?.bindings[job.model] else { return false }
        let active = activeHosts[engine, default: [:]].values.reduce(0, +)
        if active > check.agreeing.count + check.differing.count { return true }
        return sessions.values.contains { session in
            session.engine.identity == engine && !session.isDraining && !session.isBarred
                && !check.hasVoice(session.number)
        }
    }
}
