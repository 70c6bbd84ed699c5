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
            id: figures["run"], priority: figures["priority"],
            jobs: try PendingJobs(db: db, run: run).descriptions(),
            rowsOfFinishedJobs: UInt64(figures["finished"] as Int64), failedJobs: figures["failed"],
            bindings: try bindings(run))
    }

    private func bindings(_ run: Int64) throws -> [String: EngineIdentity] {
        let bound = try Row.fetchAll(
            db, sql: "SELECT sha256, engine FROM models WHERE run = ? AND engine IS NOT NULL", arguments: [run])
        return Dictionary(bound.map { ($0[0], $0[1]) }, uniquingKeysWith: { first, _ in first })
    }
}

/// The jobs of a run that are not over, as the scheduler takes them.
struct PendingJobs {
    let db: Database
    let run: Int64

    /// All of them, or those of some shards.
    func descriptions(of shards: Set<Int64>? = nil) throws -> [JobDescription] {
        var examples = try ExampleLists(db, run: run)
        var history = try LeaseHistory(db, run: run)
        return try Row.fetchAll(
            db,
            sql: """
                SELECT shards.id, shards.job, cells.ordinal, models.sha256, shards.tokens,
                    (SELECT coalesce(max(epoch), 0) FROM leases WHERE leases.shard = shards.id), cells.precision,
                    json_extract(benchmarks.measure, '$.kind')
                FROM cells JOIN shards ON shards.cell = cells.id JOIN models ON models.id = cells.model
                JOIN benchmarks ON benchmarks.id = cells.benchmark
                WHERE cells.run = ? AND shards.state = 'pending' ORDER BY shards.id
                """, arguments: [run]
        ).compactMap { row in
            if let shards, !shards.contains(row[0]) { return nil }
            let lists = examples.take(row[0])
            let leases = history.take(row[0])
            return JobDescription(
                id: row[1], cell: String(row[2] as Int), model: row[3], examples: lists.all,
                estimatedTokens: UInt64(row[4] as Int64), missing: lists.missing, givenUp: lists.givenUp,
                epoch: UInt64(row[5] as Int64), leases: leases.open, pastLeases: leases.past,
                failures: leases.failures, precision: row[6], measure: row[7])
        }
    }
}

/// The examples of a run's pending jobs, by shard, in document order.
private struct ExampleLists {
    struct Lists {
        var all: [UInt32] = []
        /// Without a row, those given up included.
        var missing: [UInt32] = []
        var givenUp: [UInt32] = []
    }

    private var lists: [Int64: Lists] = [:]

    init(_ db: Database, run: Int64) throws {
        let cursor = try Row.fetchCursor(
            db,
            sql: """
                SELECT expected.shard, expected.example, scores.example IS NULL, given_up.example IS NOT NULL
                FROM cells JOIN expected ON expected.cell = cells.id
                JOIN shards ON shards.id = expected.shard AND shards.state = 'pending'
                LEFT JOIN scores ON scores.cell = expected.cell AND scores.example = expected.example
                LEFT JOIN given_up ON given_up.cell = expected.cell AND given_up.example = expected.example
                WHERE cells.run = ? ORDER BY expected.cell, expected.example
                """, arguments: [run])
        while let row = try cursor.next() {
            lists[row[0], default: Lists()].all.append(row[1])
            guard row[2] else { continue }
            lists[row[0], default: Lists()].missing.append(row[1])
            if row[3] { lists[row[0], default: Lists()].givenUp.append(row[1]) }
        }
    }

    mutating func take(_ shard: Int64) -> Lists { lists.removeValue(forKey: shard) ?? Lists() }
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
                SELECT leases.shard, shards.job, leases.epoch, workers.worker, leases.incarnation, leases.purpose,
                    leases.reason, leases.epoch > shards.forgiven
                FROM cells JOIN shards ON shards.cell = cells.id AND shards.state = 'pending'
                JOIN leases ON leases.shard = shards.id JOIN workers ON workers.id = leases.worker
                WHERE cells.run = ? ORDER BY leases.shard, leases.epoch
                """, arguments: [run])
        while let row = try cursor.next() {
            let lease = Lease(
                job: row[1], epoch: UInt64(row[2] as Int64), worker: row[3], incarnation: UInt64(row[4] as Int64),
                purpose: LeasePurpose(rawValue: row[5]) ?? .score)
            let reason: String? = row[6]
            if reason == nil {
                leases[row[0], default: Leases()].open.append(lease)
            } else {
                leases[row[0], default: Leases()].past.append(lease)
            }
            if reason == ReleaseReason.failed.rawValue, row[7] {
                leases[row[0], default: Leases()].failures.append(ChargedFailure(worker: lease.worker, host: ""))
            }
        }
    }

    mutating func take(_ shard: Int64) -> Leases { leases.removeValue(forKey: shard) ?? Leases() }
}
