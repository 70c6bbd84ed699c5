import Cluster
import Messaging
import Store
import Wire
import Wording

/// What clients and viewers ask.
extension CoordinatorLoop {
    /// Submissions and reports that may wait; beyond them peers are told to come back later.
    private static let requestLimit = 8
    /// Bytes of a job's text.
    private static let jobLimit = 256 << 10

    mutating func handleClient(_ message: WireMessage, _ inbound: Inbound) {
        switch message {
        case .statusRequest(let request) where inbound.role != .worker:
            answer(inbound.peer, statusAnswer(to: request))
        case .reportRequest(let request) where inbound.role != .worker:
            guard takesRequest(from: inbound.peer) else { return }
            submissions?.report(request, inbound.peer)
        case .submit(let submit):
            guard inbound.role == .client else { return refuse(inbound, "submit jobs") }
            guard submit.job.utf8.count <= Self.jobLimit else {
                counters.submissionsRefused += 1
                let detail = "the job has \(submit.job.utf8.count) bytes; the limit is \(Self.jobLimit)"
                return reject(inbound.peer, detail)
            }
            guard takesRequest(from: inbound.peer) else { return }
            // Hashing models and encoding rows takes seconds: not on this thread.
            submissions?.plan(submit, inbound.peer)
        case .cancelRun(let request):
            guard inbound.role == .client else { return refuse(inbound, "cancel runs") }
            cancel(request.run, for: inbound.peer)
        case .drainWorkers(let request):
            guard inbound.role == .client else { return refuse(inbound, "drain workers") }
            drain(request.worker, for: inbound.peer)
        case .resumeRun(let request):
            guard inbound.role == .client else { return refuse(inbound, "resume runs") }
            resume(request.run, for: inbound.peer)
        default:
            refuse(inbound, "send \(message.type)")
        }
    }

    /// Tells a peer why its request has no effect.
    mutating func reject(_ peer: PeerID, _ detail: String) {
        answer(peer, .reject(CoordinatorMessage.reject(.malformed, detail)))
    }

    private mutating func takesRequest(from peer: PeerID) -> Bool {
        guard submissions != nil, requestsUnderWay < Self.requestLimit else {
            counters.requestsBusy += 1
            let detail = "\(requestsUnderWay) submissions and reports wait already: try again in a few seconds"
            answer(peer, .reject(CoordinatorMessage.reject(.busy, detail, 5_000)))
            return false
        }
        requestsUnderWay += 1
        return true
    }

    private mutating func cancel(_ run: RunID, for peer: PeerID) {
        guard scheduler.unfinishedRuns.contains(run) else {
            let known = scheduler.unfinishedRuns.joined(separator: ", ")
            return reject(peer, "no run '\(run)' is going on; running now: \(known.isEmpty ? "none" : known)")
        }
        feed(.cancel(run))
        answer(
            peer,
            .cancelled(
                .with {
                    $0.run = run
                    $0.state = RunState.cancelled.rawValue
                }))
    }

    /// Asks workers to leave: one by its key or name, those of a host, or with an empty text all that are connected.
    private mutating func drain(_ name: String, for peer: PeerID) {
        let keys = scheduler.workers.filter { worker in
            name.isEmpty || worker.worker == name || worker.host == name || allowList[worker.worker]?.name == name
        }.map(\.worker)
        guard !keys.isEmpty || name.isEmpty else {
            let known = scheduler.workers.map { allowList[$0.worker]?.name ?? $0.host }.prefix(20)
            let list = known.isEmpty ? "none" : known.joined(separator: ", ")
            return reject(peer, "no connected worker has the key, name or host '\(name)'; connected: \(list)")
        }
        for key in keys {
            log.notice("asked to leave", metadata: ["worker": "\(self.name(key))"])
            note(.workerDrained, self.name(key))
            feed(.drain(key))
        }
        answer(peer, .drainingWorkers(.with { $0.workers = keys }))
    }

    private mutating func resume(_ run: RunID, for peer: PeerID) {
        do {
            let missing = try store.reopen(run)
            feed(.submitted(try store.read { try $0.description(of: run) }))
            log.notice("run resumed: \(counted(missing, "row is", "rows are")) missing", metadata: ["run": "\(run)"])
            answer(
                peer,
                .resumed(
                    .with {
                        $0.run = run
                        $0.rowsMissing = UInt64(missing)
                    }))
        } catch {
            reject(peer, "\(error)")
        }
    }
}
