/// Who gets the next job, and which one.
extension Scheduler {
    /// Sessions that are looked at in vain before the rest has to wait for the next tick.
    private static let scanLimit = 512

    /// Serves the sessions that the turn gave room, or all idle ones if it brought work.
    mutating func serveIdleSessions() {
        defer { newlyIdle = [] }
        guard readyJobs + checksReady > 0 else {
            workBecameReady = false
            return
        }
        guard workBecameReady else {
            for id in newlyIdle { serve(id) }
            return
        }
        workBecameReady = false
        for onlyLoadedModel in [true, false] { serveAll(onlyLoadedModel: onlyLoadedModel) }
        if workBecameReady { for id in newlyIdle { serve(id) } }
    }

    private mutating func serveAll(onlyLoadedModel: Bool) {
        let start = idle.count > Self.scanLimit ? scanFrom.map { id in idle.partitioningIndex { $0 >= id } } ?? 0 : 0
        var inVain = 0
        for id in idle[start...] + idle[..<start] where readyJobs + checksReady > 0 {
            if serve(id, onlyLoadedModel: onlyLoadedModel) { continue }
            inVain += 1
            guard inVain < Self.scanLimit else {
                scanFrom = id
                workBecameReady = !onlyLoadedModel || workBecameReady
                return
            }
        }
    }

    /// Gives a session what it has room for; whether it got anything.
    @discardableResult
    private mutating func serve(_ id: SessionID, onlyLoadedModel: Bool = false) -> Bool {
        var isServed = false
        while readyJobs + checksReady > 0, let session = sessions[id], room(of: session) > 0,
            let work = takeWork(for: session, onlyLoadedModel: onlyLoadedModel)
        {
            switch work {
            case .job(let job): grant(job, .score, to: session)
            case .check(let job): grantCheck(job, to: session)
            }
            isServed = true
        }
        return isServed
    }

    func room(of session: SessionRecord) -> Int {
        guard session.isActive else { return 0 }
        let slots = workerRecords[Int(session.number)].isCanary ? min(1, session.slots) : session.slots
        return slots - (holdings[session.worker]?.count ?? 0)
    }

    /// Grants the missing examples of a job: all of them, or half of those under suspicion; a backup from the far end.
    mutating func grant(_ id: JobID, _ purpose: LeasePurpose, to session: SessionRecord) {
        guard let job = jobs[id] else { return }
        var part = job.suspicion.probe ?? job.missing
        if purpose == .backup { part.reverse() }
        bind(job, to: session.engine)
        give(id, part, purpose, to: session)
        jobs[id]?.phase = .leased
        jobs[id]?.isShared = purpose == .backup || job.isShared
        if !job.isComputed {
            running.insert(id)
            runs[job.run]?.leasedJobs += 1
        }
        if purpose == .score {
            counters.jobsGranted += 1
            runs[job.run]?.served += max(1, job.tokens(of: part.count))
        } else {
            counters.backupsGranted += 1
        }
    }

    /// Makes a lease of a part of a job, durable before it is sent.
    mutating func give(_ id: JobID, _ part: [UInt32], _ purpose: LeasePurpose, to session: SessionRecord) {
        guard let job = jobs[id] else { return }
        let lease = Lease(
            job: id, epoch: job.epoch + 1, worker: session.worker, incarnation: incarnation, purpose: purpose)
        let name = LeaseName(job: id, epoch: lease.epoch)
        let span = stretched(parameters.lease, session.id)
        var holding = JobRecord.Holding(lease: lease, expires: clock + span, began: clock, lastProgress: clock)
        holding.part = part
        holding.bootID = session.bootID
        holding.isPartial = part.count < job.missing.count
        holding.tokens = job.tokens(of: part.count)
        jobs[id]?.epoch = lease.epoch
        jobs[id]?.add(lease)
        jobs[id]?.holdings.append(holding)
        holdings[session.worker, default: []].append(id)
        lookAt(name, at: clock + span)
        setModel(job.model, of: session.id)
        refresh(session.id)
        commit(.granted(lease))
        send(.grant(name, examples: part, lease: span, purpose: purpose), to: session.id)
    }

    /// The first engine that gets a job of a model computes all of the model's jobs in the run.
    private mutating func bind(_ job: JobRecord, to engine: EngineDescription) {
        guard runs[job.run]?.bindings[job.model] == nil else { return }
        runs[job.run]?.bindings[job.model] = engine.identity
        commit(.bound(run: job.run, model: job.model, engine: engine.identity))
    }

    private enum Work {
        case job(JobID)
        case check(JobID)
    }

    /// Takes work out of the queues, of the highest priority that has some. There: first rows to compare for the model
    /// that the session has loaded, then a job for it unless its run is far ahead of its share; else a job of the run
    /// that was served least; at last any rows to compare.
    private mutating func takeWork(for session: SessionRecord, onlyLoadedModel: Bool) -> Work? {
        let order = servingOrder()
        guard let first = order.first else { return nil }
        if let model = session.model {
            for run in order where run.priority == first.priority && run.hasChecks {
                if let job = takeCheck(of: run.id, for: session, model: model) { return .check(job) }
            }
            let fairest = order.first { $0.hasJobs }
            for run in order where run.priority == fairest?.priority && run.hasJobs {
                let slack = parameters.affinityJobs * run.tokensOfAJob
                guard run.served <= (fairest?.served ?? 0) + slack else { break }
                if let job = takeRetry(of: run.id, for: session, model: model) { return .job(job) }
                if let job = takeFresh(of: run.id, for: session, model: model) { return .job(job) }
            }
        }
        if onlyLoadedModel { return nil }
        for run in order where run.hasJobs {
            if let job = takeRetry(of: run.id, for: session, model: nil) { return .job(job) }
            if let model = rarestModel(of: run.id, for: session),
                let job = takeFresh(of: run.id, for: session, model: model)
            {
                return .job(job)
            }
        }
        for run in order where run.hasChecks {
            if let job = takeCheck(of: run.id, for: session, model: nil) { return .check(job) }
        }
        return nil
    }

    private struct Claim {
        let id: RunID
        let priority: Int
        let served: UInt64
        let tokensOfAJob: UInt64
        let hasJobs: Bool
        let hasChecks: Bool
    }

    /// The runs with work: by priority, then by what they were given.
    private func servingOrder() -> [Claim] {
        var claims: [Claim] = []
        for id in openRuns {
            guard let run = runs[id], run.readyJobs > 0 || !run.toCheck.isEmpty else { continue }
            let tokens = run.missingTokens / UInt64(max(1, run.openJobs))
            claims.append(
                Claim(
                    id: id, priority: run.priority, served: run.served, tokensOfAJob: max(1, tokens),
                    hasJobs: run.readyJobs > 0, hasChecks: !run.toCheck.isEmpty))
        }
        guard claims.count > 1 else { return claims }
        return claims.enumerated().sorted { left, right in
            if left.element.priority != right.element.priority { return left.element.priority > right.element.priority }
            return (left.element.served, left.offset) < (right.element.served, right.offset)
        }.map(\.element)
    }

    private mutating func takeFresh(of run: RunID, for session: SessionRecord, model: String) -> JobID? {
        guard runs[run]?.admits(session.engine, for: model) == true, let job = runs[run]?.popFresh(model: model) else {
            return nil
        }
        readyJobs -= 1
        return job
    }

    private mutating func takeRetry(of run: RunID, for session: SessionRecord, model: String?) -> JobID? {
        guard let few = runs[run]?.retries.prefix(RunRecord.lookahead), !few.isEmpty else { return nil }
        guard let place = few.firstIndex(where: { mayTry($0, session, model: model) }) else {
            runs[run]?.passOverRetries()
            return nil
        }
        readyJobs -= 1
        return runs[run]?.takeRetry(at: place)
    }

    /// Of the models that a run has ready jobs for and a worker may score, the one that the fewest workers have loaded.
    private func rarestModel(of run: RunID, for session: SessionRecord) -> String? {
        guard let run = runs[run] else { return nil }
        return run.fresh.lazy.filter { !$0.queue.isEmpty && run.admits(session.engine, for: $0.model) }
            .min { loadedModels[$0.model, default: 0] < loadedModels[$1.model, default: 0] }?.model
    }

    /// Whether a session's engine is the one that a job's model is bound to, if it is to one.
    func mayScore(_ id: JobID, _ session: SessionRecord) -> Bool {
        guard let job = jobs[id] else { return false }
        return runs[job.run]?.admits(session.engine, for: job.model) ?? false
    }

    /// A job that failed or was given back goes to the hosts in turn, and on a host to its workers in turn; those that
    /// have another engine than its model is bound to have no turn.
    func mayTry(_ id: JobID, _ session: SessionRecord, model: String? = nil) -> Bool {
        guard let job = jobs[id], model == nil || job.model == model, mayScore(id, session) else { return false }
        guard let last = job.tried.lastIndex(where: { $0.host == session.host }) else { return true }
        let active = activeHosts[session.engine.identity, default: [:]]
        let hosts = Set(job.tried[(last + 1)...].map(\.host)).count { active[$0] != nil }
        guard hosts >= active.count - 1 else { return false }
        let here = job.tried.filter { $0.host == session.host }.map(\.worker)
        guard let last = here.lastIndex(of: session.worker) else { return true }
        let others = Set(here[(last + 1)...]).count { isActive($0, session.engine) }
        return others >= active[session.host, default: 0] - 1
    }

    private func isActive(_ worker: WorkerKey, _ engine: EngineDescription) -> Bool {
        guard let session = sessionOfWorker[worker].flatMap({ sessions[$0] }) else { return false }
        return session.isActive && session.engine.identity == engine.identity
    }
}
