import Cluster
import Foundation
import GRDB

extension StoreView {
    /// What happened, oldest first; of one run, or of the whole store.
    public func events(run: RunID? = nil) throws -> [EventRecord] {
        try events("WHERE ?1 IS NULL OR runs.run = ?1 ORDER BY events.id", [run])
    }

    /// What happened after an event, oldest first, at most `limit` of it; `after` 0 begins with the first.
    public func events(after id: Int64, limit: Int) throws -> [EventRecord] {
        try events("WHERE events.id > ? ORDER BY events.id LIMIT ?", [id, limit])
    }

    /// The newest events, oldest of them first.
    public func lastEvents(_ count: Int) throws -> [EventRecord] {
        try events("ORDER BY events.id DESC LIMIT ?", [count]).reversed()
    }

    private func events(_ rest: String, _ arguments: StatementArguments) throws -> [EventRecord] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT events.id, events.at, events.kind, events.detail, runs.run
                FROM events LEFT JOIN runs ON runs.id = events.run \(rest)
                """, arguments: arguments
        ).map { EventRecord(id: $0["id"], at: $0["at"], run: $0["run"], kind: $0["kind"], detail: $0["detail"]) }
    }

    /// The workers whose keys were ever revoked, oldest revocation first.
    public func revocations() throws -> [RevocationRecord] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT workers.worker, at, detail FROM revocations JOIN workers ON workers.id = revocations.worker
                ORDER BY at, workers.id
                """
        ).map { RevocationRecord(worker: $0[0], at: $0[1], detail: $0[2]) }
    }

    /// Rows of a run that a revoked worker computed. A run that is going on has none: they were put aside.
    public func rowsOfRevokedWorkers(run: RunID) throws -> [TaintedRows] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT workers.worker, revocations.detail, count(*)
                FROM tainted JOIN cells ON cells.id = tainted.cell JOIN workers ON workers.id = tainted.worker
                JOIN revocations ON revocations.worker = workers.id
                WHERE cells.run = (SELECT id FROM runs WHERE run = ?)
                GROUP BY workers.id ORDER BY revocations.at, workers.id
                """, arguments: [run]
        ).map { TaintedRows(worker: $0[0], detail: $0[1], rows: $0[2]) }
    }

    /// The rows of a run that were put aside, oldest first.
    public func withdrawn(run: RunID) throws -> [WithdrawnRecord] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT w.cell, w.example, shards.job, w.epoch, workers.worker, w.choices, w.digest, w.at, w.detail
                FROM withdrawn AS w JOIN cells ON cells.id = w.cell JOIN shards ON shards.id = w.shard
                JOIN leases ON leases.shard = w.shard AND leases.epoch = w.epoch
                JOIN workers ON workers.id = leases.worker
                WHERE cells.run = (SELECT id FROM runs WHERE run = ?) ORDER BY w.id
                """, arguments: [run]
        ).map { row in
            WithdrawnRecord(
                cell: row[0], example: row[1], job: row[2], epoch: UInt64(row[3] as Int64), worker: row[4],
                choices: try choices(row[5]), digest: Array(row[6] as Data), at: row[7], detail: row[8])
        }
    }
}
