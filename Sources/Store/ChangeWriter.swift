import Cluster
import GRDB
import Wire

/// Writes changes inside the caller's transaction.
struct ChangeWriter {
    let db: Database
    let memory: WriterMemory
    let now: Double
    private let engines: [WorkerKey: EngineDescription]
    private let statements: WriterStatements

    init(
        _ db: Database, _ memory: WriterMemory, now: Double, engines: [WorkerKey: EngineDescription] = [:]
    ) throws {
        self.db = db
        self.memory = memory
        self.now = now
        self.engines = engines
        statements = try memory.statements
    }

    func write(_ change: Change) throws -> ChangeOutcome {
        do {
            switch change {
            case .scored(let job, let epoch, let worker, let rows):
                return try score(rows, job: job, epoch: epoch, worker: worker)
            case .granted(let lease): try grant(lease)
            case .released(let job, let epoch, let reason): try release(job, epoch, reason)
            case .job(let job, let state): try set(job, to: state)
            case .bound(let run, let model, let engine): try bind(model, of: run, to: engine)
            case .gaveUp(let job, let example, let detail): try giveUp(example, of: job, detail)
            case .run(let run, let state): try atomically { try set(run: run, to: state) }
            case .withdrawn(let job, let examples, let detail):
                return try atomically { try Withdrawals(self).withdraw(examples, of: job, detail) }
            case .revoked(let worker, let detail):
                let number = try memory.number(ofWorker: worker)
                return try atomically { try Withdrawals(self).revoke(worker, number, detail) }
            }
            return .applied
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            return .refused(reason: error.message ?? "a constraint of the schema")
        } catch let error as UnknownName {
            return .refused(reason: error.description)
        }
    }

    func note(_ kind: EventKind, run: RunID? = nil, _ detail: String) {
        memory.journal.note(JournalEntry(kind, run: run, detail), at: now)
    }

    func place(of job: JobID) throws -> JobPlace {
        guard let place = try memory.place(of: job) else { throw UnknownName(description: "no job '\(job)'") }
        return place
    }

    /// The run that a cell belongs to.
    func run(ofCell cell: Int64) throws -> RunID? {
        try memory.order(ofCell: cell, db)?.run
    }

    /// Undoes a change of several statements if one of them is refused.
    func atomically<Result>(_ body: () throws -> Result) throws -> Result {
        var result: Result?
        try db.inSavepoint {
            result = try body()
            return .commit
        }
        guard let result else { throw UnknownName(description: "nothing was done") }
        return result
    }

    private func grant(_ lease: Lease) throws {
        let place = try place(of: lease.job)
        let worker = try memory.number(ofWorker: lease.worker)
        try statements.grant.execute {
            $0.bind(place.shard)
            $0.bind(lease.epoch)
            $0.bind(worker)
            $0.bind(lease.incarnation)
            $0.bind(lease.purpose.rawValue)
            $0.bind(now)
        }
        memory.holders[LeasePlace(shard: place.shard, epoch: Int64(clamping: lease.epoch))] = worker
    }

    private func release(_ job: JobID, _ epoch: UInt64, _ reason: ReleaseReason) throws {
        let place = try place(of: job)
        try statements.release.execute {
            $0.bind(now)
            $0.bind(reason.rawValue)
            $0.bind(place.shard)
            $0.bind(epoch)
        }
    }

    private func bind(_ model: String, of name: RunID, to engine: EngineIdentity) throws {
        try db.cachedStatement(
            sql: "UPDATE models SET engine = ? WHERE sha256 = ? AND run = (SELECT id FROM runs WHERE run = ?)"
        ).execute(arguments: [engine, model, name])
        guard db.changesCount > 0 else { throw UnknownName(description: "no model \(model) in run '\(name)'") }
    }

    private func set(_ job: JobID, to state: JobState) throws {
        let place = try place(of: job)
        switch state {
        case .pending: try set(place, "pending")
        case .done: try end(place, "done")
        case .cancelled: try end(place, "cancelled")
        case .failed(let detail):
            try atomically {
                try db.cachedStatement(
                    sql: """
                        INSERT INTO given_up (cell, example, shard, detail, at)
                        SELECT cell, example, shard, ?, ? FROM missing WHERE shard = ? ON CONFLICT DO NOTHING
                        """
                ).execute(arguments: [detail, now, place.shard])
                try end(place, "failed", detail)
            }
            note(.jobFailed, run: try run(ofCell: place.cell), "job \(job): \(detail)")
        }
    }

    private func set(_ place: JobPlace, _ state: String, _ detail: String = "") throws {
        try statements.setState.execute {
            $0.bind(state)
            $0.bind(detail)
            $0.bind(place.shard)
        }
    }

    /// The schema may refuse the state; it never refuses the end of a lease, so both happen or neither.
    private func end(_ place: JobPlace, _ state: String, _ detail: String = "") throws {
        try set(place, state, detail)
        try statements.endLeases.execute {
            $0.bind(now)
            $0.bind(state)
            $0.bind(place.shard)
        }
    }

    private func giveUp(_ example: UInt32, of job: JobID, _ detail: String) throws {
        let place = try place(of: job)
        try db.cachedStatement(
            sql: """
                INSERT INTO given_up (cell, example, shard, detail, at)
                SELECT cell, example, shard, ?, ? FROM expected WHERE cell = ? AND example = ? AND shard = ?
                ON CONFLICT DO UPDATE SET detail = excluded.detail, at = excluded.at
                """
        ).execute(arguments: [detail, now, place.cell, example, place.shard])
        guard db.changesCount > 0 else { throw UnknownName(description: "no example \(example) in job '\(job)'") }
        note(.exampleGivenUp, run: try run(ofCell: place.cell), "example \(example) of job \(job): \(detail)")
    }

    private func set(run name: RunID, to state: RunState) throws {
        try db.execute(
            sql: "UPDATE runs SET state = ?, finished = ? WHERE run = ?",
            arguments: [state.rawValue, state == .running ? nil : now, name])
        guard db.changesCount == 1 else { throw UnknownName(description: "no run '\(name)'") }
        if state != .running { try endLeases(ofRun: name) }
        note(state == .cancelled ? .runCancelled : .runEnded, run: name, state.rawValue)
    }

    /// A run that is over has no open lease.
    private func endLeases(ofRun name: RunID) throws {
        try db.execute(
            sql: """
                UPDATE leases SET ended = ?, reason = 'cancelled' WHERE ended IS NULL AND shard IN (
                    SELECT shards.id FROM runs JOIN cells ON cells.run = runs.id JOIN shards ON shards.cell = cells.id
                    WHERE runs.run = ?)
                """, arguments: [now, name])
    }

    private func score(
        _ rows: [WireRow], job: JobID, epoch: UInt64, worker: WorkerKey
    ) throws -> ChangeOutcome {
        let unexpected = ChangeOutcome.rows(RowOutcome(unexpected: rows.map { Int($0.example) }))
        guard let epoch = Int64(exactly: epoch), let place = try memory.place(of: job) else { return unexpected }
        let holder = try memory.holder(of: LeasePlace(shard: place.shard, epoch: epoch))
        guard let holder, try holder == memory.number(ofWorker: worker),
            let engine = try engines[worker].map(memory.number)
        else { return unexpected }
        try memory.admit(Admission(cell: place.cell, engine: engine))
        let writer = try ScoreWriter(statements, now: now, place, epoch: epoch, engine: engine, for: rows)
        var outcome = RowOutcome()
        for row in rows { try writer.write(row, outcome: &outcome) }
        if !outcome.disagreements.isEmpty {
            note(
                .disagreement, run: try run(ofCell: place.cell),
                "worker \(worker), job \(job), examples \(outcome.disagreements)")
        }
        return .rows(outcome)
    }
}

/// A change names something that the store does not have.
struct UnknownName: Error, CustomStringConvertible {
    let description: String
}
