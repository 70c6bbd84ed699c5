/// Work for those who have none, when the queues are empty: what waits behind other jobs, and what takes too long.
extension Scheduler {
    /// Running jobs that a tick looks at, and idle sessions.
    private static let jobLimit = 512
    private static let sessionLimit = 64
    /// Idle sessions that find nothing, after which others are not asked.
    private static let vainLimit = 8

    mutating func balance() {
        guard !unoccupied.isEmpty, running.count > 0, !workBecameReady else { return }
        var (waiting, begun) = candidates()
        var inVain = 0
        for id in unoccupied.prefix(Self.sessionLimit) where inVain < Self.vainLimit {
            guard let session = sessions[id], room(of: session) > 0 else { continue }
            if let place = place(in: waiting, for: session) {
                move(waiting.remove(at: place), to: session)
            } else if let place = begun.firstIndex(where: { isLate($0, for: session) }) {
                let holding = begun.remove(at: place)
                grant(holding.lease.job, holding.lease.purpose == .score ? .backup : .score, to: session)
            } else {
                inVain += 1
            }
        }
    }

    /// The leases that are the only ones to compute their jobs: those that wait behind others of their workers, and
    /// those that are being computed.
    private mutating func candidates() -> (waiting: [JobRecord.Holding], begun: [JobRecord.Holding]) {
        var waiting: [JobRecord.Holding] = []
        var begun: [JobRecord.Holding] = []
        let count = min(running.count, Self.jobLimit)
        for offset in 0..<count {
            let id = running.elements[(balanceFrom + offset) % running.count]
            let computing = jobs[id]?.holdings.filter { !$0.isCheck } ?? []
            guard computing.count == 1, let holding = computing.first else { continue }
            if holdings[holding.lease.worker]?.first == id {
                begun.append(holding)
            } else if sessionOfWorker[holding.lease.worker] != nil, (holding.progress?.examplesDone ?? 0) == 0 {
                waiting.append(holding)
            }
        }
        balanceFrom = (balanceFrom + count) % running.count
        return (waiting, begun)
    }

    /// The first lease that a session may take over, rather one for the model that it has loaded.
    private func place(in waiting: [JobRecord.Holding], for session: SessionRecord) -> Int? {
        func suits(_ holding: JobRecord.Holding) -> Bool {
            jobs[holding.lease.job]?.holding(of: session.worker) == nil && mayTry(holding.lease.job, session)
        }
        return waiting.firstIndex { jobs[$0.lease.job]?.model == session.model && suits($0) }
            ?? waiting.firstIndex(where: suits)
    }

    /// Its worker learns from `cancelled` that it is gone; should it have begun, its rows still count.
    private mutating func move(_ holding: JobRecord.Holding, to session: SessionRecord) {
        send(.heartbeatAck(renewed: [], cancelled: [holding.name]), toWorker: holding.lease.worker)
        release(holding.name, .moved, "\(session.host) had nothing to do")
        grant(holding.lease.job, .score, to: session)
    }

    /// Whether a lease takes so long that an idle worker should compute its job from the other end: far beyond what
    /// other jobs of the run took for as many tokens, or twice what the idle worker would take for the rest.
    private func isLate(_ holding: JobRecord.Holding, for session: SessionRecord) -> Bool {
        guard let job = jobs[holding.lease.job], let run = runs[job.run], job.holding(of: session.worker) == nil,
            job.suspicion.suspects == nil, mayTry(holding.lease.job, session),
            Double(run.rowsTwice) <= max(4, parameters.extraWork * Double(run.rowsExpected))
        else { return false }
        let elapsed = clock - holding.began
        guard elapsed >= parameters.backupPatience else { return false }
        if let late = run.pace.late, Double(elapsed) >= late * Double(max(1, holding.tokens)), holding.tokens > 0 {
            return true
        }
        guard let theirs = speed(of: holding, job, after: elapsed), let ours = session.speed else { return false }
        let left = Double(job.missingTokens) * 1000
        return left / theirs >= 2 * left / ours + Double(parameters.backupPatience)
    }

    /// Tokens a second: as its worker measured, else as its rows came.
    private func speed(of holding: JobRecord.Holding, _ job: JobRecord, after elapsed: Milliseconds) -> Double? {
        if let speed = sessionOfWorker[holding.lease.worker].flatMap({ sessions[$0]?.speed }) { return speed }
        guard holding.hasProgressed, holding.tokens > job.missingTokens else { return nil }
        return Double(holding.tokens - job.missingTokens) * 1000 / Double(max(1, elapsed))
    }
}
