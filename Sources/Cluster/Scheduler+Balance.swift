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
        for session in unoccupied.prefix(Self.sessionLimit) where inVain < Self.vainLimit {
            let worker = session.worker
            guard sessions.isOpen(session), room(of: worker) > 0 else { continue }
            if let place = place(in: waiting, for: worker) {
                move(waiting.remove(at: place), to: worker)
            } else if let place = begun.firstIndex(where: { isLate($0, for: worker) }) {
                let (id, holding) = begun.remove(at: place)
                grant(id, holding.purpose == .score ? .backup : .score, to: worker)
            } else {
                inVain += 1
            }
        }
    }

    private typealias Candidate = (job: JobNumber, holding: JobRecord.Holding)

    /// The leases that are the only ones to compute their jobs: those that wait behind others of their workers, and
    /// those that are being computed.
    private mutating func candidates() -> (waiting: [Candidate], begun: [Candidate]) {
        var waiting: [Candidate] = []
        var begun: [Candidate] = []
        let count = min(running.count, Self.jobLimit)
        for offset in 0..<count {
            let id = running.elements[(balanceFrom + offset) % running.count]
            guard jobs[id].holdings.count(where: { !$0.isCheck }) == 1,
                let holding = jobs[id].holdings.first(where: { !$0.isCheck })
            else { continue }
            if workerRecords[Int(holding.worker)].held.first == id {
                begun.append((id, holding))
            } else if sessions.isOpen(holding.worker), (holding.progress?.examplesDone ?? 0) == 0 {
                waiting.append((id, holding))
            }
        }
        balanceFrom = (balanceFrom + count) % running.count
        return (waiting, begun)
    }

    /// The first lease that a session may take over, rather one for the model that it has loaded.
    private func place(in waiting: [Candidate], for worker: WorkerNumber) -> Int? {
        let session = sessions[worker].facts
        func suits(_ candidate: Candidate) -> Bool {
            !jobs[candidate.job].isHeld(by: worker) && mayTry(candidate.job, session)
        }
        let model = sessions[worker].model
        return waiting.firstIndex { jobs[$0.job].facts.model == model && suits($0) }
            ?? waiting.firstIndex(where: suits)
    }

    /// Its worker learns from `cancelled` that it is gone; should it have begun, its rows still count.
    private mutating func move(_ candidate: Candidate, to worker: WorkerNumber) {
        let lease = LeaseNumber(job: candidate.job, epoch: candidate.holding.epoch)
        send(.heartbeatAck(renewed: [], cancelled: [name(of: lease)]), toWorker: candidate.holding.worker)
        release(lease, .moved, "\(sessions[worker].facts.host) had nothing to do")
        grant(candidate.job, .score, to: worker)
    }

    /// Whether a lease takes so long that an idle worker should compute its job from the other end: far beyond what
    /// other jobs of the run took for as many tokens, or twice what the idle worker would take for the rest.
    private func isLate(_ candidate: Candidate, for worker: WorkerNumber) -> Bool {
        let (id, holding) = candidate
        guard !jobs[id].facts.isMeasurement else { return false }
        guard !jobs[id].isHeld(by: worker), jobs[id].suspicion.suspects == nil, mayTry(id, sessions[worker].facts),
            Double(runs[id.run].rowsTwice) <= max(4, parameters.extraWork * Double(runs[id.run].rowsExpected))
        else { return false }
        let elapsed = clock - holding.began
        guard elapsed >= parameters.backupPatience else { return false }
        if let late = runs[id.run].pace.late, Double(elapsed) >= late * Double(max(1, holding.tokens)),
            holding.tokens > 0
        {
            return true
        }
        let missing = jobs[id].missingTokens
        guard let theirs = speed(of: holding, missing: missing, after: elapsed), let ours = sessions[worker].speed
        else { return false }
        let left = Double(missing) * 1000
        return left / theirs >= 2 * left / ours + Double(parameters.backupPatience)
    }

    /// Tokens a second: as its worker measured, else as its rows came.
    private func speed(of holding: JobRecord.Holding, missing: UInt64, after elapsed: Milliseconds) -> Double? {
        if sessions.isOpen(holding.worker), let speed = sessions[holding.worker].speed { return speed }
        guard holding.hasProgressed, holding.tokens > missing else { return nil }
        return Double(holding.tokens - missing) * 1000 / Double(max(1, elapsed))
    }
}
