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
    /// Engines that its ready jobs are bound to, whoever is connected.
    public let boundEngines: [EngineIdentity]
    /// Connected workers that get none of its ready jobs because they are other engines.
    public let barredWorkers: Int
    /// Precisions that its ready jobs need and no connected worker computes in, in the order of the models; they wait.
    public let awaitedPrecisions: [String]
    /// Kinds of measurements that its ready jobs need and no connected worker takes; they wait.
    public let awaitedMeasures: [String]
    public let priority: Int
    /// Open jobs that somebody computes.
    public let jobsLeased: Int
    /// Rows that wait to be compared with a second computation.
    public let checksOpen: Int
}

/// How a worker stands.
public struct WorkerStatus: Sendable, Equatable {
    /// What the coordinator makes of it.
    public enum State: String, Sendable, Equatable {
        case idle, working, suspect, draining
    }

    public let session: SessionID
    public let worker: WorkerKey
    /// What it says of itself, without the leases that it named.
    public let hello: Hello
    public let state: State
    /// How many it holds.
    public let leases: Int
    public let load: WorkerLoad
    /// Since its last message.
    public let silence: Milliseconds
    /// SHA-256 of the model that its last job needed, or that it said to have loaded.
    public let model: String?
    /// Rows of it that were stored, and failures charged to it, since the coordinator's start.
    public let rows: UInt64
    public let failures: UInt64
    /// Of its rows, those that a second computation confirmed, and those that two others refuted.
    public let agreed: UInt64
    public let wrong: UInt64
    /// That it gets no jobs for; 0: it is not in quarantine.
    public let quarantine: Milliseconds
    /// Bytes of rows that it may have under way.
    public let window: UInt64
    /// What it holds, first what it works on.
    public let work: [Work]

    public var host: String { hello.host }
    public var engine: EngineDescription { hello.engine }

    /// A lease as status tells of it.
    public struct Work: Sendable, Equatable {
        public let lease: LeaseName
        public let purpose: LeasePurpose
        public let run: RunID
        public let cell: String
        /// Of the lease, and those of them that its worker reported done.
        public let examples: Int
        public let examplesDone: Int
        /// Since it became the one that the worker works on; of the others, since it was granted.
        public let age: Milliseconds
    }
}

/// Questions, which change nothing.
extension Scheduler {
    /// A run's progress; nil if this start of the coordinator never saw it running.
    public func progress(of run: RunID) -> RunProgress? {
        runNumbers[run].map { number in
            let run = runs[number]
            let (bound, barred) = bindings(of: run)
            return RunProgress(
                id: run.id, state: run.state, rows: run.rowsExpected - min(run.rowsExpected, run.rowsMissing),
                rowsExpected: run.rowsExpected, failedJobs: run.failedJobs, openJobs: run.openJobs,
                tokensLeft: run.missingTokens, awaitedEngines: awaited(bound) { [$0.identity] },
                boundEngines: bound, barredWorkers: barred, awaitedPrecisions: awaitedPrecisions(of: run),
                awaitedMeasures: awaitedMeasures(of: run),
                priority: run.priority,
                jobsLeased: run.leasedJobs, checksOpen: run.checksOpen)
        }
    }

    /// The models that a run has ready jobs for, by place.
    private func waitingModels(of run: RunRecord) -> [Int] {
        run.fresh.filter { !run.models[$0].queue.isEmpty }
            + run.retries.prefix(RunRecord.lookahead).map { jobs[$0].facts.modelPlace }
    }

    private func awaitedPrecisions(of run: RunRecord) -> [String] {
        awaited(waitingModels(of: run).map { run.models[$0].precision }) { $0.precisions }
    }

    private func awaitedMeasures(of run: RunRecord) -> [String] {
        awaited(waitingModels(of: run).compactMap { run.models[$0].measure }) { $0.measures }
    }

    /// The engines that a run's ready jobs are bound to, each once, and how many workers may have none of these jobs.
    private func bindings(of run: RunRecord) -> (engines: [EngineIdentity], barred: Int) {
        let wanted = waitingModels(of: run).map { run.binding(of: $0) }
        var engines: [EngineIdentity] = []
        for engine in wanted.compactMap({ $0 }) where !engines.contains(engine) { engines.append(engine) }
        let isOpenToAll = engines.isEmpty || wanted.contains(nil)
        return (engines, isOpenToAll ? 0 : sessions.all.count { !engines.contains($0.facts.identity) })
    }

    /// Of what is wanted, each once, what no session has.
    private func awaited<Need: Hashable>(_ wanted: [Need], _ has: (SessionFacts) -> [Need]) -> [Need] {
        guard !wanted.isEmpty else { return [] }
        let present = Set(sessions.all.flatMap { has($0.facts) })
        var awaited: [Need] = []
        for need in wanted where !present.contains(need) && !awaited.contains(need) { awaited.append(need) }
        return awaited
    }

    /// The runs that are not over, in the order of their arrival.
    public var unfinishedRuns: [RunID] { openRuns.map { runs[$0].id } }

    /// All workers with a session, oldest session first.
    public var workers: [WorkerStatus] { sessions.oldestFirst.map { status(of: sessions[$0]) } }

    private func status(of session: SessionRecord) -> WorkerStatus {
        let facts = session.facts
        let record = workerRecords[Int(facts.number)]
        let work = work(of: record)
        return WorkerStatus(
            session: facts.id, worker: facts.worker, hello: facts.hello,
            state: state(of: session), leases: work.count, load: session.load, silence: clock - session.lastHeard,
            model: session.model, rows: record.rows, failures: record.failures, agreed: record.agreed,
            wrong: record.wrong, quarantine: record.quarantinedUntil.map { $0 - clock } ?? 0,
            window: session.window, work: work)
    }

    private func state(of session: SessionRecord) -> WorkerStatus.State {
        if session.isSuspect { return .suspect }
        if session.isDraining { return .draining }
        return workerRecords[Int(session.facts.number)].held.isEmpty ? .idle : .working
    }

    private func work(of worker: WorkerRecord) -> [WorkerStatus.Work] {
        worker.held.compactMap { id in
            guard let holding = numbers[worker.key].flatMap({ jobs[id].holding(of: $0) }) else { return nil }
            let facts = jobs[id].facts
            return WorkerStatus.Work(
                lease: LeaseName(job: facts.id, epoch: holding.epoch), purpose: holding.purpose,
                run: runs[id.run].id, cell: facts.cell, examples: holding.part?.count ?? facts.examples.count,
                examplesDone: Int(holding.progress?.examplesDone ?? 0), age: clock - holding.began)
        }
    }

    /// How many of everything it keeps in memory, by name.
    public var sizes: [(name: String, count: Int)] {
        [
            ("sessions", sessions.count), ("idle", idle.count), ("workers", workerRecords.count(where: \.isKnown)),
            ("runs", runs.count), ("jobs", jobs.count), ("deadlines", deadlines.count),
            ("holdings", workerRecords.reduce(0) { $0 + $1.held.count }),
            ("checks", jobs.sum { $0.checks.count }),
        ]
    }

    /// What a worker's open session computes with. It is the engine of the rows that are stored for it.
    public func engine(of worker: WorkerKey) -> EngineDescription? {
        numbers[worker].flatMap { sessions.open($0)?.engine }
    }

    /// The open session of a worker.
    public func session(of worker: WorkerKey) -> SessionID? {
        numbers[worker].flatMap { sessions.open($0)?.id }
    }

    /// Seconds that the active workers together need for the tokens left at their measured speeds; nil while unknown.
    public var backlogSeconds: Double? {
        let speed = sessions.all.filter(\.isActive).map(\.load.tokensPerSecond)
            .filter { $0.isFinite && $0 > 0 }.sorted().reduce(0, +)
        let tokens = openRuns.map { runs[$0].missingTokens }.reduce(0, +)
        return tokens == 0 ? 0 : speed > 0 ? Double(tokens) / speed : nil
    }
}
