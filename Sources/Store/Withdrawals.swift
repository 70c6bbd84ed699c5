import Cluster
import Foundation
import GRDB
import Wording

/// Puts scores aside, on record, so that their examples are missing again.
struct Withdrawals {
    private let changes: ChangeWriter
    private var db: Database { changes.db }

    init(_ changes: ChangeWriter) { self.changes = changes }

    /// Puts refuted rows of a job aside; those that are not stored are left out.
    func withdraw(_ examples: [UInt32], of job: JobID, _ detail: String) throws -> ChangeOutcome {
        let place = try changes.place(of: job)
        var withdrawn: [UInt32] = []
        for example in examples where try putAside(example: Int64(example), cell: place.cell, place.shard, detail) {
            withdrawn.append(example)
        }
        guard !withdrawn.isEmpty else { throw UnknownName(description: "job '\(job)' has no row of \(examples)") }
        changes.note(
            .withdrawal, run: try changes.run(ofCell: place.cell), "job \(job), examples \(withdrawn): \(detail)")
        return .applied
    }

    /// Refuses a worker for ever: ends its leases and puts aside all its rows in runs that are not over.
    func revoke(_ worker: WorkerKey, _ number: Int64, _ detail: String) throws -> ChangeOutcome {
        try db.execute(
            sql: "INSERT INTO revocations (worker, at, detail) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            arguments: [number, changes.now, detail])
        changes.memory.holders.removeAll()
        if db.changesCount > 0 { changes.note(.workerRevoked, "worker \(worker): \(detail)") }
        try db.execute(
            sql: "UPDATE leases SET ended = ?, reason = 'revoked' WHERE ended IS NULL AND worker = ?",
            arguments: [changes.now, number])
        return .reopened(try withdrawTainted(of: .worker(number), "the key \(worker) was revoked: \(detail)"))
    }

    /// Whose rows, or which run's, are put aside.
    enum Selection {
        case worker(Int64)
        case run(Int64)
    }

    /// Puts aside rows that revoked workers computed, in runs that are not over; what the scheduler must know of them.
    @discardableResult
    func withdrawTainted(of selection: Selection, _ detail: String) throws -> [ReopenedRun] {
        let (condition, number) =
            switch selection {
            case .worker(let number): ("tainted.worker = ?", number)
            case .run(let number): ("runs.id = ?", number)
            }
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT DISTINCT runs.id, runs.run, tainted.shard, tainted.cell, tainted.example
                FROM tainted JOIN cells ON cells.id = tainted.cell JOIN runs ON runs.id = cells.run
                WHERE runs.state = 'running' AND \(condition)
                ORDER BY runs.id, tainted.shard, tainted.cell, tainted.example
                """, arguments: [number])
        var runs: [(id: Int64, name: RunID, shards: Set<Int64>, rows: Int)] = []
        for row in rows {
            if runs.last?.id != row[0] as Int64 { runs.append((row[0], row[1], [], 0)) }
            runs[runs.count - 1].shards.insert(row[2])
            runs[runs.count - 1].rows += 1
            _ = try putAside(example: row[4], cell: row[3], row[2], detail)
        }
        return try runs.map { run in
            changes.note(.withdrawal, run: run.name, "\(counted(run.rows, "row")): \(detail)")
            return ReopenedRun(
                run: run.name, jobs: try PendingJobs(db: db, run: run.id).descriptions(of: run.shards))
        }
    }

    /// Moves one row; false if it is not there. A trigger makes its job pending again.
    private func putAside(example: Int64, cell: Int64, _ shard: Int64, _ detail: String) throws -> Bool {
        try db.cachedStatement(
            sql: """
                INSERT INTO withdrawn (
                    cell, example, shard, epoch, engine, choices, digest, tokens, flops_reduction,
                    flops_reduction_with_head, best, greedy, correct, at, detail)
                SELECT cell, example, shard, epoch, engine, choices, digest, tokens, flops_reduction,
                    flops_reduction_with_head, best, greedy, correct, ?, ?
                FROM scores WHERE cell = ? AND example = ? AND shard = ?
                """
        ).execute(arguments: [changes.now, detail, cell, example, shard])
        guard db.changesCount == 1 else { return false }
        try db.cachedStatement(sql: "DELETE FROM scores WHERE cell = ? AND example = ?")
            .execute(arguments: [cell, example])
        return true
    }
}
