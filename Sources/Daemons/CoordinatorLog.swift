import Cluster
import Logging
import Store
import Wording

extension CoordinatorLoop {
    /// Says what the scheduler remarked: in the log, and in the operators' journal.
    mutating func observe(_ observation: Observation) {
        switch observation {
        case .sessionOpened(let session, let worker, let host, let kept):
            log.info(
                "worker joined",
                metadata: [
                    "session": "\(session)", "worker": "\(name(worker))", "host": "\(host.plain)", "kept": "\(kept)",
                ])
            note(.workerJoined, "\(name(worker)) on \(host), keeps \(counted(kept, "lease"))")
        case .sessionRejected(let worker, let detail):
            remark(.warning, "worker refused \(worker)", "worker refused: \(detail)", ["worker": "\(name(worker))"])
            note(.workerRefused, "\(name(worker)): \(detail)")
        case .sessionClosed(let session, let worker, let end):
            log.info("worker left: \(end.rawValue)", metadata: ["session": "\(session)", "worker": "\(name(worker))"])
            note(.workerLeft, "\(name(worker)): \(end.rawValue)")
        case .suspected(let worker):
            log.warning("worker is silent", metadata: ["worker": "\(name(worker))"])
            note(.workerSilent, name(worker))
        case .leaseEnded(let lease, let reason, let detail): ended(lease, reason, detail)
        case .salvaged(let lease, let rows):
            log.notice(
                "kept \(counted(rows, "row")) of a lost lease",
                metadata: ["job": "\(lease.job)", "epoch": "\(lease.epoch)"])
        case .ignored(let worker, let detail): log.debug("ignored: \(detail.plain)", metadata: ["worker": "\(worker)"])
        case .gaveUp(let job, let example, let detail):
            log.warning("gave up example \(example): \(detail.plain)", metadata: ["job": "\(job)"])
        case .quarantined(let worker, let span):
            log.warning(
                "worker gets no jobs for \(span / 1000) s: it failed too often", metadata: ["worker": "\(name(worker))"]
            )
            note(.workerQuarantined, "\(name(worker)) for \(span / 1000) s")
        case .differed(let job, let example, let worker):
            remark(
                .warning, "differs \(worker)", "a second computation of example \(example) differs",
                ["job": "\(job)", "worker": "\(name(worker))"])
        case .revoked(let worker, let detail):
            log.error("worker revoked: \(detail.plain)", metadata: ["worker": "\(name(worker))"])
        case .runEnded(let run, let state): log.notice("run ended: \(state.rawValue)", metadata: ["run": "\(run)"])
        }
    }

    /// Notes something for the journal, which the next commit writes.
    mutating func note(_ kind: EventKind, run: RunID? = nil, _ detail: String) {
        journal.append(JournalEntry(kind, run: run, detail.plain))
    }

    private mutating func ended(_ lease: Lease, _ reason: ReleaseReason, _ detail: String) {
        let why = reason.rawValue + (detail.isEmpty ? "" : ": \(detail)")
        log.notice(
            "lease ended: \(why.plain)",
            metadata: [
                "job": "\(lease.job)", "epoch": "\(lease.epoch)", "worker": "\(name(lease.worker))",
                "purpose": "\(lease.purpose.rawValue)",
            ])
        note(.leaseEnded, "job \(lease.job), epoch \(lease.epoch), \(name(lease.worker)), \(why)")
    }

    /// What people call a peer: its name in the list of keys, and the key.
    func name(_ key: WorkerKey) -> String {
        allowList[key]?.name.map { "\($0) (\(key))" } ?? key
    }
}
