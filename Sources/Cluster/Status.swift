/// How a run stands.
public struct RunProgress: Sendable, Equatable {
    public let id: RunID
    public let state: RunState
    /// Rows stored, and rows that the manifest demands.
    public let rows: UInt64
    public let rowsExpected: UInt64
    public let failedJobs: Int
    /// Jobs neither done nor failed.
    public let openJobs: Int
    /// Estimated tokens of the rows that are missing.
    public let tokensLeft: UInt64
    /// Engines that its ready jobs are bound to and that no connected worker is, in the order of the models; they wait.
    public let awaitedEngines: [EngineIdentity]
}

/// How a worker stands.
public struct WorkerStatus: Sendable, Equatable {
    /// What the coordinator makes of it.
    public enum State: String, Sendable, Equatable {
        case idle, working, suspect, draining
    }

    public let session: SessionID
    public let worker: WorkerKey
    public let host: String
    public let engine: EngineDescription
    public let state: State
    /// How many it holds.
    public let leases: Int
    public let load: WorkerLoad
    /// Since its last message.
    public let silence: Milliseconds
}

/// Questions, which change nothing.
extension Scheduler {
    /// A run's progress; nil if this start of the coordinator never saw it running.
    public func progress(of run: RunID) -> RunProgress? {
        runs[run].map { run in
            RunProgress(
                id: run.id, state: run.state, rows: run.rowsExpected - run.rowsMissing,
                rowsExpected: run.rowsExpected, failedJobs: run.failedJobs, openJobs: run.openJobs,
                tokensLeft: run.missingTokens, awaitedEngines: awaitedEngines(of: run))
        }
    }

    private func awaitedEngines(of run: RunRecord) -> [EngineIdentity] {
        let bound = run.fresh.filter { !$0.queue.isEmpty }.compactMap { run.bindings[$0.model] }
        guard !bound.isEmpty else { return [] }
        let present = Set(sessions.values.map(\.engine.identity))
        var awaited: [EngineIdentity] = []
        for engine in bound where !present.contains(engine) && !awaited.contains(engine) { awaited.append(engine) }
        return awaited
    }

    /// The runs that are not over, in the order of their arrival.
    public var unfinishedRuns: [RunID] { openRuns }

    /// All workers with a session, oldest session first.
    public var workers: [WorkerStatus] {
        sessions.keys.sorted().compactMap { sessions[$0] }.map { session in
            let leases = holdings[session.worker]?.count ?? 0
            let state: WorkerStatus.State =
                if session.isSuspect {
                    .suspect
                } else if session.isDraining {
                    .draining
                } else {
                    leases > 0 ? .working : .idle
                }
            return WorkerStatus(
                session: session.id, worker: session.worker, host: session.host, engine: session.engine,
                state: state, leases: leases, load: session.load, silence: clock - session.lastHeard)
        }
    }

    /// The open session of a worker.
    public func session(of worker: WorkerKey) -> SessionID? { sessionOfWorker[worker] }

    /// Seconds that the active workers together need for the tokens left at their measured speeds; nil while unknown.
    public var backlogSeconds: Double? {
        let speed = sessions.values.filter(\.isActive).map(\.load.tokensPerSecond)
            .filter { $0.isFinite && $0 > 0 }.sorted().reduce(0, +)
        let tokens = openRuns.compactMap { runs[$0]?.missingTokens }.reduce(0, +)
        return tokens == 0 ? 0 : speed > 0 ? Double(tokens) / speed : nil
    }
}
