import Cluster
import Foundation
import GRDB

extension StoreView {
    /// Runs that have not ended, oldest first, as the scheduler takes them.
    public func unfinishedRuns() throws -> [RunDescription] {
        try Int64.fetchAll(db, sql: "SELECT id FROM runs WHERE state = 'running' ORDER BY id").map(describe)
    }

    /// One run as the scheduler takes it, whatever its state.
    public func description(of run: RunID) throws -> RunDescription {
        guard let id = try Int64.fetchOne(db, sql: "SELECT id FROM runs WHERE run = ?", arguments: [run]) else {
            throw StoreError.unknownRun(run, known: try runs().map(\.run))
        }
        return try describe(id)
    }

    private func describe(_ run: Int64) throws -> RunDescription {
        let figures = try Row.fetchOne(
            db,
            sql: """
                SELECT runs.run, runs.priority,
                    (SELECT count(*) FROM cells JOIN shards ON shards.cell = cells.id
                        JOIN expected ON expected.shard = shards.id
                        WHERE cells.run = runs.id AND shards.state = 'done') AS finished,
                    (SELECT count(*) FROM cells JOIN shards ON shards.cell = cells.id
                        WHERE cells.run = runs.id AND shards.state = 'failed') AS failed
                FROM runs WHERE id = ?
                """, arguments: [run])
        guard let figures else { throw StoreError.unreadable(path: path, detail: "run \(run) has vanished") }
        return RunDescription(
            id: figures["run"], priority: figures["priority"], jobs: try pendingJobs(run),
            rowsOfFinishedJobs: UInt64(figures["finished"] as Int64), failedJobs: figures["failed"],
            bindings: try bindings(run))
    }

    private func bindings(_ run: Int64) throws -> [String: EngineIdentity] {
        let bound = try Row.fetchAll(
            db, sql: "SELECT sha256, engine FROM models WHERE run = ? AND engine IS NOT NULL", arguments: [run])
        return Dictionary(bound.map { ($0[0], $0[1]) }, uniquingKeysWith: { first, _ in first })
    }

    private func pendingJobs(_ run: Int64) throws -> [JobDescription] {
        var examples = try ExampleLists(db, run: run)
        var history = try LeaseHistory(db, run: run)
        return try Row.fetchAll(
            db,
            sql: """
                SELECT shards.id, shards.job, cells.ordinal, models.sha256, shards.tokens, shards.epoch
                FROM cells JOIN shards ON shards.cell = cells.id JOIN models ON models.id = cells.model
                WHERE cells.run = ? AND shards.state = 'pending' ORDER BY shards.id
                """, arguments: [run]
        ).map { row in
            let (all, missing) = examples.take(row[0])
            let leases = history.take(row[0])
            return JobDescription(
                id: row[1], cell: String(row[2] as Int), model: row[3], examples: all,
                estimatedTokens: UInt64(row[4] as Int64), missing: missing, epoch: UInt64(row[5] as Int64),
                leases: leases.open, pastLeases: leases.past, failures: leases.failures)
        }
    }
}

/// The examples of a run's pending jobs, by shard, in document order.
private struct ExampleLists {
    private var lists: [Int64: (all: [UInt32], missing: [UInt32])] = [:]

    init(_ db: Database, run: Int64) throws {
        let cursor = try Row.fetchCursor(
            db,
            sql: """
                SELECT expected.shard, expected.example, scores.example IS NULL
                FROM cells JOIN expected ON expected.cell = cells.id
                JOIN shards ON shards.id = expected.shard AND shards.state = 'pending'
                LEFT JOIN scores ON scores.cell = expected.cell AND scores.example = expected.example
                WHERE cells.run = ? ORDER BY expected.cell, expected.example
                """, arguments: [run])
        while let row = try cursor.next() {
            lists[row[0], default: ([], [])].all.append(row[1])
            if row[2] { lists[row[0], default: ([], [])].missing.append(row[1]) }
        }
    }

    mutating func take(_ shard: Int64) -> (all: [UInt32], missing: [UInt32]) {
        lists.removeValue(forKey: shard) ?? ([], [])
    }
}

/// The leases of a run's pending jobs, by shard.
private struct LeaseHistory {
    struct Leases {
        var open: [Lease] = []
        /// Ended ones, oldest first.
        var past: [Lease] = []
        /// The store does not know hosts.
        var failures: [ChargedFailure] = []
    }

    private var leases: [Int64: Leases] = [:]

    init(_ db: Database, run: Int64) throws {
        let cursor = try Row.fetchCursor(
            db,
            sql: """
                SELECT leases.shard, shards.job, leases.epoch, workers.worker, leases.incarnation, leases.reason
                FROM cells JOIN shards ON shards.cell = cells.id AND shards.state = 'pending'
                JOIN leases ON leases.shard = shards.id JOIN workers ON workers.id = leases.worker
                WHERE cells.run = ? ORDER BY leases.shard, leases.epoch
                """, arguments: [run])
        while let row = try cursor.next() {
            let lease = Lease(
                job: row[1], epoch: UInt64(row[2] as Int64), worker: row[3], incarnation: UInt64(row[4] as Int64))
            let reason: String? = row[5]
            if reason == nil {
                leases[row[0], default: Leases()].open.append(lease)
            } else {
                leases[row[0], default: Leases()].past.append(lease)
            }
            if reason == ReleaseReason.failed.rawValue {
                leases[row[0], default: Leases()].failures.append(ChargedFailure(worker: lease.worker, host: ""))
            }
        }
    }

    mutating func take(_ shard: Int64) -> Leases { leases.removeValue(forKey: shard) ?? Leases() }
}
