import Cluster
import Logging

extension CoordinatorLoop {
    /// Says what the scheduler remarked.
    mutating func observe(_ observation: Observation) {
        switch observation {
        case .sessionOpened(let session, let worker, let host, let kept):
            log.info(
                "worker joined",
                metadata: ["session": "\(session)", "worker": "\(worker)", "host": "\(host.plain)", "kept": "\(kept)"])
        case .sessionRejected(let worker, let detail):
            remark(.warning, "worker refused \(worker)", "worker refused: \(detail.plain)", ["worker": "\(worker)"])
        case .sessionClosed(let session, let worker, let end):
            log.info("worker left: \(end.rawValue)", metadata: ["session": "\(session)", "worker": "\(worker)"])
        case .suspected(let worker): log.warning("worker is silent", metadata: ["worker": "\(worker)"])
        case .leaseEnded(let lease, let reason, let detail):
            log.notice(
                "lease ended: \(reason.rawValue)\(detail.isEmpty ? "" : ": \(detail.plain)")",
                metadata: ["job": "\(lease.job)", "epoch": "\(lease.epoch)", "worker": "\(lease.worker)"])
        case .salvaged(let lease, let rows):
            log.notice(
                "kept \(rows) rows of a lost lease", metadata: ["job": "\(lease.job)", "epoch": "\(lease.epoch)"])
        case .ignored(let worker, let detail): log.debug("ignored: \(detail.plain)", metadata: ["worker": "\(worker)"])
        case .gaveUp(let job, let example, let detail):
            log.warning("gave up example \(example): \(detail.plain)", metadata: ["job": "\(job)"])
        case .quarantined(let worker, let span):
            log.warning(
                "worker gets no jobs for \(span / 1000) s: it failed too often", metadata: ["worker": "\(worker)"])
        case .differed(let job, let example, let worker):
            remark(
                .warning, "differs \(worker)", "a second computation of example \(example) differs",
                ["job": "\(job)", "worker": "\(worker)"])
        case .revoked(let worker, let detail):
            log.error("worker revoked: \(detail.plain)", metadata: ["worker": "\(worker)"])
        case .runEnded(let run, let state): log.notice("run ended: \(state.rawValue)", metadata: ["run": "\(run)"])
        }
    }
}
