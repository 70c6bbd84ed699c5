import Cluster
import Logging

extension Logger {
    /// Says what the scheduler remarked.
    func observe(_ observation: Observation) {
        switch observation {
        case .sessionOpened(let session, let worker, let host, let kept):
            info(
                "worker joined",
                metadata: ["session": "\(session)", "worker": "\(worker)", "host": "\(host)", "kept": "\(kept)"])
        case .sessionRejected(let worker, let detail):
            warning("worker refused: \(detail)", metadata: ["worker": "\(worker)"])
        case .sessionClosed(let session, let worker, let end):
            info("worker left: \(end.rawValue)", metadata: ["session": "\(session)", "worker": "\(worker)"])
        case .suspected(let worker): warning("worker is silent", metadata: ["worker": "\(worker)"])
        case .leaseEnded(let lease, let reason, let detail):
            notice(
                "lease ended: \(reason.rawValue)\(detail.isEmpty ? "" : ": \(detail)")",
                metadata: ["job": "\(lease.job)", "epoch": "\(lease.epoch)", "worker": "\(lease.worker)"])
        case .salvaged(let lease, let rows):
            notice("kept \(rows) rows of a lost lease", metadata: ["job": "\(lease.job)", "epoch": "\(lease.epoch)"])
        case .ignored(let worker, let detail): debug("ignored: \(detail)", metadata: ["worker": "\(worker)"])
        case .gaveUp(let job, let example, let detail):
            warning("gave up example \(example): \(detail)", metadata: ["job": "\(job)"])
        case .quarantined(let worker, let span):
            warning("worker gets no jobs for \(span / 1000) s: it failed too often", metadata: ["worker": "\(worker)"])
        case .differed(let job, let example, let worker):
            warning(
                "a second computation of example \(example) differs",
                metadata: ["job": "\(job)", "worker": "\(worker)"])
        case .revoked(let worker, let detail): error("worker revoked: \(detail)", metadata: ["worker": "\(worker)"])
        case .runEnded(let run, let state): notice("run ended: \(state.rawValue)", metadata: ["run": "\(run)"])
        }
    }
}
