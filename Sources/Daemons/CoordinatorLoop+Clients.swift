import Cluster
import Messaging
import Store
import Wire

/// What clients and viewers ask.
extension CoordinatorLoop {
    mutating func handleClient(_ message: WireMessage, _ inbound: Inbound) {
        switch message {
        case .statusRequest(let request) where inbound.role != .worker:
            answer(inbound.peer, status(of: request.run))
        case .submit(let submit):
            guard inbound.role == .client else { return refuse(inbound, "submit jobs") }
            // Hashing models and encoding rows takes seconds: not on this thread.
            planSubmission?(submit, inbound.peer)
        case .cancelRun(let request):
            guard inbound.role == .client else { return refuse(inbound, "cancel runs") }
            cancel(request.run, for: inbound.peer)
        default:
            refuse(inbound, "send \(message.type)")
        }
    }

    private mutating func cancel(_ run: RunID, for peer: PeerID) {
        guard scheduler.unfinishedRuns.contains(run) else {
            let known = scheduler.unfinishedRuns.joined(separator: ", ")
            let detail = "no run '\(run)' is going on; running now: \(known.isEmpty ? "none" : known)"
            return answer(peer, .reject(CoordinatorMessage.reject(.malformed, detail)))
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

    /// The answer to a status request; an empty run asks for all.
    private func status(of run: RunID) -> WireMessage {
        do {
            let records = try store.read { try run.isEmpty ? $0.runs() : [$0.run(run)] }
            return .status(
                .with {
                    $0.runs = records.map(status)
                    $0.workers = scheduler.workers.map(WireStatus.Worker.init)
                })
        } catch {
            return .reject(CoordinatorMessage.reject(.malformed, "\(error)"))
        }
    }

    private func status(_ record: RunRecord) -> WireStatus.Run {
        let isOpen = record.state == .running
        return .with {
            $0.run = record.run
            $0.name = record.name
            $0.state = record.state.rawValue
            $0.rows = UInt64(record.rows)
            $0.rowsExpected = UInt64(record.rowsExpected)
            $0.failures = UInt64(record.failures)
            $0.tokensPerSecond = isOpen ? speed : 0
            $0.secondsLeft = isOpen ? (scheduler.backlogSeconds ?? -1) : 0
            $0.awaitedEngines = scheduler.progress(of: record.run)?.awaitedEngines ?? []
        }
    }

    /// Tokens a second of all workers together, as they measure themselves.
    private var speed: Double {
        scheduler.workers.map(\.load.tokensPerSecond).filter { $0.isFinite && $0 > 0 }.reduce(0, +)
    }
}

extension WireStatus.Worker {
    init(_ worker: WorkerStatus) {
        self.init()
        key = worker.worker
        host = worker.host
        engine = worker.engine.name
        state = worker.state.rawValue
        leases = UInt32(clamping: worker.leases)
        tokensPerSecond = worker.load.tokensPerSecond
        residentBytes = worker.load.residentBytes
        secondsSinceHeartbeat = worker.silence / 1000
    }
}
