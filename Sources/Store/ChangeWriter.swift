import Cluster
import GRDB
import Wire

/// Writes changes inside the caller's transaction.
struct ChangeWriter {
    let db: Database
    let now: Double
    let engines: [WorkerKey: EngineDescription]

    mutating func write(_ change: Change) throws -> ChangeOutcome {
        do {
            switch change {
            case .scored(let job, let epoch, let worker, let rows):
                return try score(rows, job: job, epoch: epoch, worker: worker)
            case .granted(let lease): try grant(lease)
            case .released(let job, let epoch, let reason):
                try endLease(of: try shard(job), reason: reason.rawValue, epoch: epoch)
            case .bound(let run, let model, let engine): try bind(model, of: run, to: engine)
            case .gaveUp, .withdrawn, .revoked: return .refused(reason: "not kept by this schema")
            case .job(let job, let state): try atomically { try set(job, to: state) }
            case .run(let run, let state): try atomically { try set(run: run, to: state) }
            }
            return .applied
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            return .refused(reason: error.message ?? "a constraint of the schema")
        } catch let error as UnknownName {
            return .refused(reason: error.description)
        }
    }

    private func grant(_ lease: Lease) throws {
        let shard = try shard(lease.job)
        try atomically {
            try run("UPDATE shards SET epoch = ? WHERE id = ?", [Int64(clamping: lease.epoch), shard])
            try run(
                "INSERT INTO leases (shard, epoch, worker, incarnation, granted) VALUES (?, ?, ?, ?, ?)",
                [
                    shard, Int64(clamping: lease.epoch), try workerNumber(lease.worker),
                    Int64(clamping: lease.incarnation), now,
                ])
        }
    }

    private func bind(_ model: String, of name: RunID, to engine: EngineIdentity) throws {
        try run(
            "UPDATE models SET engine = ? WHERE sha256 = ? AND run = (SELECT id FROM runs WHERE run = ?)",
            [engine, model, name])
        guard db.changesCount > 0 else { throw UnknownName(description: "no model \(model) in run '\(name)'") }
    }

    /// Ends the open lease of a shard, if it has this epoch.
    private func endLease(of shard: Int64, reason: String, epoch: UInt64? = nil) throws {
        try run(
            """
            UPDATE leases SET ended = ?, reason = ?
            WHERE shard = ? AND ended IS NULL AND epoch = coalesce(?, epoch)
            """,
            [now, reason, shard, epoch.map { Int64(clamping: $0) }])
    }

    private func set(_ job: JobID, to state: JobState) throws {
        let shard = try shard(job)
        let (name, detail) =
            switch state {
            case .pending: ("pending", "")
            case .done: ("done", "")
            case .failed(let detail): ("failed", detail)
            case .cancelled: ("cancelled", "")
            }
        try run("UPDATE shards SET state = ?, detail = ? WHERE id = ?", [name, detail, shard])
        if state != .pending { try endLease(of: shard, reason: name) }
        if case .failed(let detail) = state {
            try EventWriter(db: db, now: now).record("job failed", run: runOf(shard), "\(job): \(detail)")
        }
    }

    private func set(run name: RunID, to state: RunState) throws {
        try run(
            "UPDATE runs SET state = ?, finished = ? WHERE run = ?",
            [state.rawValue, state == .running ? nil : now, name])
        guard db.changesCount == 1 else { throw UnknownName(description: "no run '\(name)'") }
        try EventWriter(db: db, now: now).record("run", run: name, state.rawValue)
    }

    private func score(
        _ rows: [WireRow], job: JobID, epoch: UInt64, worker: WorkerKey
    ) throws -> ChangeOutcome {
        let unexpected = ChangeOutcome.rows(RowOutcome(unexpected: rows.map { Int($0.example) }))
        guard let epoch = Int64(exactly: epoch),
            let found = try Row.fetchOne(
                try db.cachedStatement(
                    sql: """
                        SELECT shards.id, shards.cell
                        FROM shards JOIN leases ON leases.shard = shards.id AND leases.epoch = ?
                        JOIN workers ON workers.id = leases.worker AND workers.worker = ?
                        WHERE shards.job = ?
                        """),
                arguments: [epoch, worker, job])
        else { return unexpected }
        guard let engine = try engines[worker].map(number) else { return unexpected }
        let writer = try ScoreWriter(db: db, now: now, shard: found[0], cell: found[1], epoch: epoch, engine: engine)
        var outcome = RowOutcome()
        for row in rows { try writer.write(row, outcome: &outcome) }
        if !outcome.disagreements.isEmpty {
            try EventWriter(db: db, now: now).record(
                "disagreement", run: runOf(found[0]),
                "worker \(worker), job \(job), examples \(outcome.disagreements)")
        }
        return .rows(outcome)
    }

    private func shard(_ job: JobID) throws -> Int64 {
        let statement = try db.cachedStatement(sql: "SELECT id FROM shards WHERE job = ?")
        guard let id = try Int64.fetchOne(statement, arguments: [job]) else {
            throw UnknownName(description: "no job '\(job)'")
        }
        return id
    }

    private func runOf(_ shard: Int64) throws -> RunID? {
        let statement = try db.cachedStatement(
            sql: """
                SELECT runs.run FROM shards JOIN cells ON cells.id = shards.cell JOIN runs ON runs.id = cells.run
                WHERE shards.id = ?
                """)
        return try String.fetchOne(statement, arguments: [shard])
    }

    private func workerNumber(_ key: WorkerKey) throws -> Int64 {
        try number(
            select: "SELECT id FROM workers WHERE worker = ?", insert: "INSERT INTO workers (worker) VALUES (?)", [key])
    }

    private func number(_ engine: EngineDescription) throws -> Int64 {
        try number(
            select: "SELECT id FROM engines WHERE build = ? AND engine = ? AND identity = ?",
            insert: "INSERT INTO engines (build, engine, identity) VALUES (?, ?, ?)",
            [engine.build, engine.name, engine.identity])
    }

    /// The number of a name, new names included.
    private func number(select: String, insert: String, _ name: StatementArguments) throws -> Int64 {
        if let id = try Int64.fetchOne(try db.cachedStatement(sql: select), arguments: name) { return id }
        try run(insert, name)
        return db.lastInsertedRowID
    }

    private func run(_ sql: String, _ arguments: StatementArguments) throws {
        try db.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    /// Undoes a change of several statements if one of them is refused.
    private func atomically(_ body: () throws -> Void) throws {
        try db.inSavepoint {
            try body()
            return .commit
        }
    }
}

/// A change names something that the store does not have.
private struct UnknownName: Error, CustomStringConvertible {
    let description: String
}
