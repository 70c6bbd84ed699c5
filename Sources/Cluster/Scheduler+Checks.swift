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
    mutating func chooseChecks(_ rows: [UInt32], of id: JobNumber, by number: WorkerNumber) {
        guard parameters.verification > 0, !jobs[id].facts.isMeasurement else { return }
        let (trust, checksOpen) = (workerRecords[Int(number)].trust, workerRecords[Int(number)].checksOpen)
        var chosen = 0
        if trust < parameters.trustAfter {
            chosen = max(0, parameters.trustAfter - trust - checksOpen)
        } else if Double.random(in: 0..<1, using: &random) < parameters.verification {
            chosen = Self.checkLimit
        }
        for example in rows.prefix(chosen) { add(Check(example: example, author: number), to: id) }
    }

    private mutating func add(_ check: Check, to id: JobNumber) {
        jobs[id].checks.append(check)
        runs[id.run].checksOpen += 1
        runs[id.run].checkedJobs.insert(id)
        if let author = check.author { workerRecords[Int(author)].checksOpen += 1 }
    }

    /// Queues a job that is over and has rows which somebody should compare.
    mutating func queueChecks(_ id: JobNumber) {
        guard !jobs[id].checks.isEmpty, !jobs[id].isOpen, !jobs[id].isQueuedForCheck,
            !jobs[id].holdings.contains(where: \.isCheck), jobs[id].checks.contains(where: { $0.state == .open })
        else { return }
        jobs[id].isQueuedForCheck = true
        runs[id.run].enqueueCheck(id)
        checksReady += 1
        workBecameReady = true
    }

    /// Takes a job whose rows a session may compare out of the queue.
    mutating func takeCheck(of run: RunNumber, for worker: WorkerNumber, model: String?) -> JobNumber? {
        guard !runs[run].toCheck.isEmpty else { return nil }
        let few = runs[run].toCheck.prefix(RunRecord.lookahead)
        let session = sessions[worker].facts
        guard let place = few.firstIndex(where: { mayCheck($0, session, model: model) }) else {
            runs[run].passOverChecks()
            return nil
        }
        guard let id = runs[run].takeCheck(at: place) else { return nil }
        jobs[id].isQueuedForCheck = false
        checksReady -= 1
        return id
    }

    private func mayCheck(_ id: JobNumber, _ session: SessionFacts, model: String?) -> Bool {
        guard model == nil || jobs[id].facts.model == model, mayScore(id, session),
            !jobs[id].isHeld(by: session.number)
        else { return false }
        return jobs[id].checks.contains { mayCompare($0, session) }
    }

    /// Nobody confirms a row of its own; on the first comparison nobody on its author's host does, if there are others.
    private func mayCompare(_ check: Check, _ session: SessionFacts) -> Bool {
        guard check.state == .open, !check.hasVoice(session.number) else { return false }
        guard check.differing.isEmpty, let author = check.author,
            workerRecords[Int(author)].host == session.host
        else { return true }
        return (activeHosts[session.identity]?.count ?? 0) < 2
    }

    mutating func grantCheck(_ id: JobNumber, to worker: WorkerNumber) {
        let checks = jobs[id].checks
        let session = sessions[worker].facts
        let places = checks.indices.filter { mayCompare(checks[$0], session) }.prefix(Self.checkLimit)
        for place in places { jobs[id].checks[place].state = .granted }
        give(id, places.map { checks[$0].example }, .check, to: worker)
        counters.checksGranted += 1
    }

    /// Second rows came; what the store finds is awaited.
    mutating func expectComparison(of received: [UInt32], in id: JobNumber) {
        let now = clock
        for place in jobs[id].checks.indices where received.contains(jobs[id].checks[place].example) {
            if jobs[id].checks[place].state == .granted { jobs[id].checks[place].state = .received(now) }
        }
        deadlines.add(.comparison(jobs[id].facts.id), at: clock + Self.comparison)
    }

    mutating func dropUncompared(_ id: JobNumber) {
        let now = clock
        dropChecks(of: id) { check in
            if case .received(let at) = check.state { now - at >= Self.comparison } else { false }
        }
        endIfOver(id.run)
    }

    /// A lease that was to compare these rows ended without them.
    mutating func reopenChecks(_ id: JobNumber, _ part: [UInt32]) {
        for place in jobs[id].checks.indices where jobs[id].checks[place].state == .granted {
            guard part.contains(jobs[id].checks[place].example) else { continue }
            jobs[id].checks[place].state = .open
            jobs[id].checks[place].failures += 1
        }
        dropChecks(of: id) { $0.failures >= Self.checkAttempts }
        queueChecks(id)
        endIfOver(id.run)
    }

    /// The store met rows that it had: each is a voice for or against the stored one.
    mutating func compare(_ lease: LeaseName, by worker: WorkerKey, agreed: [UInt32], differing: [UInt32]) {
        guard let number = numbers[worker], workerRecords[Int(number)].isKnown, !revokedKeys.contains(worker),
            let id = jobs.number(of: lease.job)
        else { return }
        for example in agreed { vote(number, on: example, of: id, agrees: true) }
        for example in differing { vote(number, on: example, of: id, agrees: false) }
        settle(id)
    }

    private mutating func vote(_ number: WorkerNumber, on example: UInt32, of id: JobNumber, agrees: Bool) {
        guard let author = jobs[id].origin(of: example), author != number else { return }
        if !agrees {
            counters.checksDiffered += 1
            observe(.differed(jobs[id].facts.id, example: example, by: workerRecords[Int(number)].key))
        }
        if let place = jobs[id].checks.firstIndex(where: { $0.example == example }) {
            jobs[id].checks[place].add(number, agrees: agrees)
        } else if !agrees, parameters.verification > 0, !jobs[id].facts.isMeasurement {
            var check = Check(example: example, author: author)
            check.add(number, agrees: false)
            add(check, to: id)
        }
    }

    /// Closes the comparisons of a job that are decided. When nobody is left to ask, the larger side of three or more
    /// is right; but nobody is blamed if others might have said more.
    mutating func settle(_ id: JobNumber, isLast: Bool = false) {
        var refuted: [UInt32] = []
        var liars: [WorkerNumber] = []
        for check in jobs[id].checks where check.state == .open {
            var verdict = check.verdict(isFinal: false)
            var isBlameless = false
            if verdict == .undecided, !check.differing.isEmpty {
                let isComplete = !hasOtherVoices(than: check, for: id)
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
        endIfOver(id.run)
    }

    private mutating func withdraw(_ refuted: [UInt32], of id: JobNumber) {
        guard !refuted.isEmpty else { return }
        counters.checksRefuted += UInt64(refuted.count)
        commit(
            .withdrawn(job: jobs[id].facts.id, examples: refuted, detail: "others computed other scores"))
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
    private func hasOtherVoices(than check: Check, for id: JobNumber) -> Bool {
        guard clock >= graceEnds else { return true }
        let engine = binding(of: id)
        return workerRecords.indices.contains { index in
            let record = workerRecords[index]
            let number = WorkerNumber(index)
            guard record.isKnown, !record.isRevoked, record.engine == engine, !check.hasVoice(number) else {
                return false
            }
            return sessions.isOpen(number) || clock - record.lastSeen < parameters.checkPatience
        }
    }

    private mutating func forgetCheck(of example: UInt32, in id: JobNumber) {
        guard let place = jobs[id].checks.firstIndex(where: { $0.example == example }) else { return }
        if let author = jobs[id].checks[place].author { workerRecords[Int(author)].checksOpen -= 1 }
        jobs[id].checks.remove(at: place)
        runs[id.run].checksOpen -= 1
        if jobs[id].checks.isEmpty { runs[id.run].checkedJobs.remove(id) }
    }

    /// Forgets all comparisons of a job, for its run is over.
    mutating func forgetChecks(_ id: JobNumber) {
        for check in jobs[id].checks { forgetCheck(of: check.example, in: id) }
    }

    /// Gives comparisons up.
    mutating func dropChecks(of id: JobNumber, where isUnwanted: (Check) -> Bool) {
        for check in jobs[id].checks where isUnwanted(check) {
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
        for job in record.held {
            guard let holding = jobs[job].holding(of: number) else { continue }
            release(LeaseNumber(job: job, epoch: holding.epoch), .revoked, detail)
            makeReady(job)
        }
        commit(.revoked(record.key, detail: detail))
        observe(.revoked(record.key, detail: detail))
        // What it said of others, and what is to be compared of its own, does not count any more.
        for run in openRuns {
            for id in runs[run].checkedJobs.elements {
                dropChecks(of: id) { $0.author == number }
                for place in jobs[id].checks.indices { jobs[id].checks[place].strike(number) }
            }
        }
        guard let session = sessions.open(number) else { return }
        send(.reject(.role, detail: "this key was revoked: \(detail)", retryAfter: 0), to: session.id)
        close(number, .disconnected, leases: .revoked)
    }

    /// Ends the runs in which nothing but comparisons is left that nobody can make. Once a second.
    mutating func closeRuns() {
        if let held = endsHeldUntil, clock >= held { endsHeldUntil = nil }
        guard clock >= nextClosing, !closing.isEmpty else { return }
        nextClosing = clock + 1_000
        for id in closing {
            guard runs[id].openJobs == 0, runs[id].state == .running else {
                closing.removeAll { $0 == id }
                continue
            }
            let isTooLong = runs[id].checkingSince.map { clock - $0 >= parameters.checkPatience } ?? false
            for job in runs[id].checkedJobs.elements { closeChecks(of: job, isTooLong: isTooLong) }
            endIfOver(id)
        }
    }

    private mutating func closeChecks(of id: JobNumber, isTooLong: Bool) {
        let isHopeless = jobs[id].checks.allSatisfy { check in
            check.state == .open && (isTooLong || !hasComparer(for: check, of: id))
        }
        guard isHopeless else { return }
        settle(id, isLast: true)
        dropChecks(of: id) { $0.state == .open }
    }

    /// Whether a connected worker may compare a row.
    private func hasComparer(for check: Check, of id: JobNumber) -> Bool {
        guard let engine = binding(of: id) else { return false }
        let active = activeHosts[engine, default: [:]].values.reduce(0, +)
        if active > check.agreeing.count + check.differing.count { return true }
        return sessions.all.contains { session in
            session.facts.identity == engine && !session.isDraining && !session.isBarred
                && !check.hasVoice(session.facts.number)
        }
    }
}
