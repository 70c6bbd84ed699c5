/// Who gets the next job, and which one.
extension Scheduler {
    /// Sessions that are looked at in vain before the rest has to wait for the next tick.
    private static let scanLimit = 512

    /// Serves the sessions that the turn gave room, or all idle ones if it brought work.
    mutating func serveIdleSessions() {
        claims = nil
        defer { newlyIdle.removeAll(keepingCapacity: true) }
        guard readyJobs + checksReady > 0 else {
            workBecameReady = false
            return
        }
        guard workBecameReady else { return serveNewlyIdle() }
        workBecameReady = false
        for onlyLoadedModel in [true, false] { serveAll(onlyLoadedModel: onlyLoadedModel) }
        if workBecameReady { serveNewlyIdle() }
    }

    private mutating func serveNewlyIdle() {
        // One that still has room when it is served is listed again.
        for index in newlyIdle.indices { serve(newlyIdle[index]) }
    }

    private mutating func serveAll(onlyLoadedModel: Bool) {
        let start = idle.count > Self.scanLimit ? scanFrom.map { id in idle.partitioningIndex { $0.id >= id } } ?? 0 : 0
        // No more than can be looked at in vain or be served.
        let limit = Self.scanLimit + readyJobs + checksReady
        let few = Array(idle[start...].prefix(limit))
        var inVain = 0
        for session in few + idle[..<start].prefix(limit - few.count) where readyJobs + checksReady > 0 {
            if serve(session, onlyLoadedModel: onlyLoadedModel) { continue }
            inVain += 1
            guard inVain < Self.scanLimit else {
                scanFrom = session.id
                workBecameReady = !onlyLoadedModel || workBecameReady
                return
            }
        }
    }

    /// Gives a session what it has room for; whether it got anything.
    @discardableResult
    private mutating func serve(_ session: SessionPlace, onlyLoadedModel: Bool = false) -> Bool {
        guard sessions.isOpen(session) else { return false }
        var isServed = false
        while readyJobs + checksReady > 0, room(of: session.worker) > 0,
            let work = takeWork(for: session.worker, onlyLoadedModel: onlyLoadedModel)
        {
            switch work {
            case .job(let job):
                grant(job, .score, to: session.worker)
                keepClaim(of: job.run)
            case .check(let job):
                grantCheck(job, to: session.worker)
                keepClaim(of: job.run)
            }
            isServed = true
        }
        return isServed
    }

    func room(of worker: WorkerNumber) -> Int {
        guard sessions[worker].isActive else { return 0 }
        let slots = sessions[worker].slots
        let record = Int(worker)
        return (workerRecords[record].isCanary ? min(1, slots) : slots) - workerRecords[record].held.count
    }

    /// Grants the missing examples of a job: all of them, or half of those under suspicion; a backup from the far end.
    mutating func grant(_ id: JobNumber, _ purpose: LeasePurpose, to worker: WorkerNumber) {
        var part = jobs[id].suspicion.probe ?? jobs[id].missing
        if purpose == .backup { part.reverse() }
        bind(id, to: sessions[worker].facts.identity)
        let wasComputed = jobs[id].isComputed
        give(id, part, purpose, to: worker)
        jobs[id].phase = .leased
        if purpose == .backup { jobs[id].isShared = true }
        if !wasComputed {
            running.insert(id)
            runs[id.run].leasedJobs += 1
        }
        if purpose == .score {
            counters.jobsGranted += 1
            runs[id.run].served += max(1, jobs[id].tokens(of: part.count))
        } else {
            counters.backupsGranted += 1
        }
    }

    /// Makes a lease of a part of a job, durable before it is sent.
    mutating func give(_ id: JobNumber, _ part: [UInt32], _ purpose: LeasePurpose, to worker: WorkerNumber) {
        let session = sessions[worker].facts
        let facts = jobs[id].facts
        let span = stretched(parameters.lease, session)
        var holding = JobRecord.Holding(
            worker: worker, epoch: jobs[id].epoch + 1, incarnation: incarnation, purpose: purpose,
            expires: clock + span, began: clock, lastProgress: clock)
        holding.part = part
        holding.bootID = session.bootID
        holding.isPartial = part.count < jobs[id].missing.count
        holding.tokens = jobs[id].tokens(of: part.count)
        jobs[id].add(holding)
        workerRecords[Int(worker)].held.append(id)
        lookAt(LeaseNumber(job: id, epoch: holding.epoch), at: clock + span)
        setModel(facts.model, of: worker)
        refresh(session.place)
        commit(
            .granted(
                Lease(
                    job: facts.id, epoch: holding.epoch, worker: session.worker, incarnation: incarnation,
                    purpose: purpose)))
        send(
            .grant(LeaseName(job: facts.id, epoch: holding.epoch), examples: part, lease: span, purpose: purpose),
            to: session.id)
    }

    /// The engine that a job's model is bound to in its run.
    func binding(of id: JobNumber) -> EngineIdentity? { runs[id.run].binding(of: jobs[id].facts.modelPlace) }

    /// The first engine that gets a job of a model computes all of the model's jobs in the run.
    private mutating func bind(_ id: JobNumber, to engine: EngineIdentity) {
        let facts = jobs[id].facts
        guard runs[id.run].binding(of: facts.modelPlace) == nil else { return }
        runs[id.run].bind(facts.modelPlace, to: engine)
        commit(.bound(run: runs[id.run].id, model: facts.model, engine: engine))
    }

    private enum Work {
        case job(JobNumber)
        case check(JobNumber)
    }

    /// Takes work out of the queues, of the highest priority that has some. There: first rows to compare for the model
    /// that the session has loaded, then a job for it unless its run is far ahead of its share; else a job of the run
    /// that was served least; at last any rows to compare.
    private mutating func takeWork(for worker: WorkerNumber, onlyLoadedModel: Bool) -> Work? {
        let order = servingOrder()
        guard let first = order.first else { return nil }
        if let model = sessions[worker].model {
            for claim in order where claim.priority == first.priority {
                if let job = takeCheck(of: claim.run, for: worker, model: model) { return .check(job) }
            }
            let fairest = order.first { runs[$0.run].readyJobs > 0 }
            for claim in order where claim.priority == fairest?.priority && runs[claim.run].readyJobs > 0 {
                let slack = parameters.affinityJobs * claim.tokensOfAJob
                guard runs[claim.run].served <= (fairest.map { runs[$0.run].served } ?? 0) + slack else { break }
                if let job = takeRetry(of: claim.run, for: worker, model: model) { return .job(job) }
                for place in runs[claim.run].models.indices where runs[claim.run].models[place].name == model {
                    if let job = takeFresh(of: claim.run, for: worker, model: place) { return .job(job) }
                }
            }
        }
        if onlyLoadedModel { return nil }
        for claim in order where runs[claim.run].readyJobs > 0 {
            if let job = takeRetry(of: claim.run, for: worker, model: nil) { return .job(job) }
            if let model = rarestModel(of: claim.run, for: worker),
                let job = takeFresh(of: claim.run, for: worker, model: model)
            {
                return .job(job)
            }
        }
        for claim in order {
            if let job = takeCheck(of: claim.run, for: worker, model: nil) { return .check(job) }
        }
        return nil
    }

    /// A run that has work, and what decides its turn besides what it was given.
    struct Claim: Sendable {
        let run: RunNumber
        let priority: Int
        /// Among the open runs.
        let place: Int
        let tokensOfAJob: UInt64
    }

    /// The runs with work: by priority, then by what they were given. Made once a turn; grants keep it up.
    private mutating func servingOrder() -> [Claim] {
        if let claims { return claims }
        var new: [Claim] = []
        for (place, run) in openRuns.enumerated() where runs[run].hasWork {
            let tokens = runs[run].missingTokens / UInt64(max(1, runs[run].openJobs))
            new.append(Claim(run: run, priority: runs[run].priority, place: place, tokensOfAJob: max(1, tokens)))
        }
        if new.count > 1 { new.sort { precedes($0, $1) } }
        claims = new
        return new
    }

    private func precedes(_ left: Claim, _ right: Claim) -> Bool {
        if left.priority != right.priority { return left.priority > right.priority }
        return (runs[left.run].served, left.place) < (runs[right.run].served, right.place)
    }

    /// Moves a run that was served to its new place, or takes it out when it has no work left.
    private mutating func keepClaim(of run: RunNumber) {
        guard var claims, var place = claims.firstIndex(where: { $0.run == run }) else { return }
        self.claims = nil
        if runs[run].hasWork {
            while place + 1 < claims.count, precedes(claims[place + 1], claims[place]) {
                claims.swapAt(place, place + 1)
                place += 1
            }
        } else {
            claims.remove(at: place)
        }
        self.claims = claims
    }

    private mutating func takeFresh(of run: RunNumber, for worker: WorkerNumber, model: Int) -> JobNumber? {
        guard runs[run].admits(sessions[worker].facts, for: model), let job = runs[run].popFresh(model) else {
            return nil
        }
        readyJobs -= 1
        return job
    }

    private mutating func takeRetry(of run: RunNumber, for worker: WorkerNumber, model: String?) -> JobNumber? {
        guard !runs[run].retries.isEmpty else { return nil }
        let few = runs[run].retries.prefix(RunRecord.lookahead)
        let session = sessions[worker].facts
        guard let place = few.firstIndex(where: { mayTry($0, session, model: model) }) else {
            runs[run].passOverRetries()
            return nil
        }
        readyJobs -= 1
        return runs[run].takeRetry(at: place)
    }

    /// Of the models that a run has ready jobs for and a worker may score, the one that the fewest workers have loaded.
    private func rarestModel(of run: RunNumber, for worker: WorkerNumber) -> Int? {
        let session = sessions[worker].facts
        func loaded(_ model: Int) -> Int { loadedModels[runs[run].models[model].name, default: 0] }
        let models = runs[run].fresh.filter {
            !runs[run].models[$0].queue.isEmpty && runs[run].admits(session, for: $0)
        }
        return models.count < 2 ? models.first : models.min { loaded($0) < loaded($1) }
    }

    /// Whether a session has a job's precision, and the engine that the job's model is bound to, if it is to one.
    func mayScore(_ id: JobNumber, _ session: SessionFacts) -> Bool {
        runs[id.run].admits(session, for: jobs[id].facts.modelPlace)
    }

    /// A job that failed or was given back goes to the hosts in turn, and on a host to its workers in turn; those that
    /// have another engine than its model is bound to have no turn.
    func mayTry(_ id: JobNumber, _ session: SessionFacts, model: String? = nil) -> Bool {
        guard model == nil || jobs[id].facts.model == model, mayScore(id, session) else { return false }
        let tried = jobs[id].tried
        guard let last = tried.lastIndex(where: { $0.host == session.host }) else { return true }
        let active = activeHosts[session.identity, default: [:]]
        let hosts = Set(tried[(last + 1)...].map(\.host)).count { active[$0] != nil }
        guard hosts >= active.count - 1 else { return false }
        let here = tried.filter { $0.host == session.host }.map(\.worker)
        guard let last = here.lastIndex(of: session.worker) else { return true }
        let others = Set(here[(last + 1)...]).count { isActive($0, session.identity) }
        return others >= active[session.host, default: 0] - 1
    }

    private func isActive(_ worker: WorkerKey, _ engine: EngineIdentity) -> Bool {
        guard let number = numbers[worker] else { return false }
        return sessions[number].isActive && sessions[number].facts.identity == engine
    }
}
