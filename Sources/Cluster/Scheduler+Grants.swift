/// Who gets the next job, and which one.
extension Scheduler {
    /// Serves the sessions that the turn gave room, or all idle ones if it brought work.
    mutating func serveIdleSessions() {
        defer { (newlyIdle, workBecameReady) = ([], false) }
        guard readyJobs > 0 else { return }
        guard workBecameReady else {
            for id in newlyIdle { serve(id) }
            return
        }
        for onlyLoadedModel in [true, false] {
            for id in idle where readyJobs > 0 { serve(id, onlyLoadedModel: onlyLoadedModel) }
        }
    }

    private mutating func serve(_ id: SessionID, onlyLoadedModel: Bool = false) {
        while readyJobs > 0, let session = sessions[id], room(of: session) > 0,
            let job = takeJob(for: session, onlyLoadedModel: onlyLoadedModel)
        {
            grant(job, to: session)
        }
    }

    private func room(of session: SessionRecord) -> Int {
        session.isActive ? session.slots - (holdings[session.worker]?.count ?? 0) : 0
    }

    private mutating func grant(_ id: JobID, to session: SessionRecord) {
        guard let job = jobs[id] else { return }
        let lease = Lease(job: id, epoch: job.epoch + 1, worker: session.worker, incarnation: incarnation)
        let name = LeaseName(job: id, epoch: lease.epoch)
        let span = stretched(parameters.lease, session.id)
        jobs[id]?.epoch = lease.epoch
        jobs[id]?.add(lease)
        jobs[id]?.phase = .leased(.init(lease: lease, expires: clock + span, began: clock, lastProgress: clock))
        holdings[session.worker, default: []].append(id)
        bind(job, to: session.engine)
        runs[job.run]?.served += max(1, job.missingTokens)
        deadlines.add(.lease(name), at: clock + span)
        setModel(job.model, of: session.id)
        refresh(session.id)
        commit(.granted(lease))
        send(.grant(name, examples: job.missing, lease: span), to: session.id)
    }

    /// The first engine that gets a job of a model computes all of the model's jobs in the run.
    private mutating func bind(_ job: JobRecord, to engine: EngineDescription) {
        guard runs[job.run]?.bindings[job.model] == nil else { return }
        runs[job.run]?.bindings[job.model] = engine.identity
        commit(.bound(run: job.run, model: job.model, engine: engine.identity))
    }

    /// Takes a job out of the queues: of the highest priority that has one; there, one for the loaded model unless
    /// its run is far ahead of its share; else one of the run that was served least.
    private mutating func takeJob(for session: SessionRecord, onlyLoadedModel: Bool) -> JobID? {
        let order = servingOrder()
        guard let fairest = order.first else { return nil }
        if let model = session.model {
            for run in order where run.priority == fairest.priority {
                let slack = parameters.affinityJobs * run.tokensOfAJob
                guard run.served <= fairest.served + slack else { break }
                if let job = takeRetry(of: run.id, for: session, model: model) { return job }
                if let job = takeFresh(of: run.id, for: session, model: model) { return job }
            }
        }
        if onlyLoadedModel { return nil }
        for run in order {
            if let job = takeRetry(of: run.id, for: session, model: nil) { return job }
            if let model = rarestModel(of: run.id, for: session),
                let job = takeFresh(of: run.id, for: session, model: model)
            {
                return job
            }
        }
        return nil
    }

    private struct Claim {
        let id: RunID
        let priority: Int
        let served: UInt64
        let tokensOfAJob: UInt64
    }

    /// The runs with ready jobs: by priority, then by what they were given.
    private func servingOrder() -> [Claim] {
        var claims: [Claim] = []
        for id in openRuns {
            guard let run = runs[id], run.readyJobs > 0 else { continue }
            let tokens = run.missingTokens / UInt64(max(1, run.openJobs))
            claims.append(Claim(id: id, priority: run.priority, served: run.served, tokensOfAJob: max(1, tokens)))
        }
        guard claims.count > 1 else { return claims }
        return claims.enumerated().sorted { left, right in
            (-left.element.priority, left.element.served, left.offset)
                < (-right.element.priority, right.element.served, right.offset)
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
        guard var record = runs[run], !record.retries.isEmpty else { return nil }
        let bindings = record.bindings
        let job = record.popRetry { id in
            guard let needed = jobs[id]?.model, model == nil || needed == model else { return false }
            return bindings[needed, default: session.engine.identity] == session.engine.identity && mayTry(id, session)
        }
        guard let job else { return nil }
        runs[run] = record
        readyJobs -= 1
        return job
    }

    /// A job that failed or was given back goes to the hosts in turn, and on a host to its workers in turn; those that
    /// have another engine than its model is bound to have no turn.
    private func mayTry(_ id: JobID, _ session: SessionRecord) -> Bool {
        guard let tried = jobs[id]?.tried, let last = tried.lastIndex(where: { $0.host == session.host }) else {
            return true
        }
        let active = activeHosts[session.engine.identity, default: [:]]
        let hosts = Set(tried[(last + 1)...].map(\.host)).count { active[$0] != nil }
        guard hosts >= active.count - 1 else { return false }
        let here = tried.filter { $0.host == session.host }.map(\.worker)
        guard let last = here.lastIndex(of: session.worker) else { return true }
        let others = Set(here[(last + 1)...]).count { isActive($0, session.engine) }
        return others >= active[session.host, default: 0] - 1
    }

    private func isActive(_ worker: WorkerKey, _ engine: EngineDescription) -> Bool {
        guard let session = sessionOfWorker[worker].flatMap({ sessions[$0] }) else { return false }
        return session.isActive && session.engine.identity == engine.identity
    }

    /// Of the models that a run has ready jobs for and a worker may score, the one that the fewest workers have loaded.
    private func rarestModel(of run: RunID, for session: SessionRecord) -> String? {
        guard let run = runs[run] else { return nil }
        return run.fresh.lazy.filter { !$0.queue.isEmpty && run.admits(session.engine, for: $0.model) }
            .min { loadedModels[$0.model, default: 0] < loadedModels[$1.model, default: 0] }?.model
    }

    mutating func setModel(_ model: String?, of id: SessionID) {
        guard let old = sessions[id]?.model ?? model, sessions[id]?.model != model else { return }
        if sessions[id]?.model != nil {
            loadedModels[old, default: 1] -= 1
            if loadedModels[old] == 0 { loadedModels[old] = nil }
        }
        if let model { loadedModels[model, default: 0] += 1 }
        sessions[id]?.model = model
    }

    /// Changes a session and everything that is counted or listed by its state. When one leaves the active ones, a
    /// job that failed elsewhere may become another's.
    mutating func change(_ id: SessionID, _ body: (inout SessionRecord) -> Void) {
        guard var session = sessions[id] else { return }
        count(session, -1)
        let wasActive = session.isActive
        body(&session)
        sessions[id] = session
        count(session, 1)
        refresh(id)
        if wasActive, !session.isActive { workBecameReady = true }
    }

    /// Adds an active session to the counts, or takes it out.
    mutating func count(_ session: SessionRecord?, _ difference: Int) {
        guard let session, session.isActive else { return }
        let engine = session.engine.identity
        let onHost = activeHosts[engine]?[session.host] ?? 0
        activeHosts[engine, default: [:]][session.host] = onHost + difference == 0 ? nil : onHost + difference
        if activeHosts[engine]?.isEmpty == true { activeHosts[engine] = nil }
    }

    /// Lists a session among the idle ones exactly if it has room.
    mutating func refresh(_ id: SessionID) {
        let hasRoom = sessions[id].map { room(of: $0) > 0 } ?? false
        let place = idle.partitioningIndex { $0 >= id }
        let isListed = place < idle.count && idle[place] == id
        if hasRoom, !isListed { idle.insert(id, at: place) }
        if !hasRoom, isListed { idle.remove(at: place) }
        if hasRoom { newlyIdle.append(id) }
    }
}
