import Cluster
import GRDB
import Wording

/// Lets a run that was cancelled, or that ended with named failures, go on.
struct RunReopening {
    let changes: ChangeWriter
    private var db: Database { changes.db }

    /// Returns how many rows the run misses now.
    func reopen(_ name: RunID) throws -> Int {
        guard let row = try Row.fetchOne(db, sql: "SELECT id, state FROM runs WHERE run = ?", arguments: [name]) else {
            throw StoreError.unknownRun(name, known: try String.fetchAll(db, sql: "SELECT run FROM runs ORDER BY id"))
        }
        let run: Int64 = row[0]
        guard let state = RunState(rawValue: row[1]), state == .incomplete || state == .cancelled else {
            throw StoreError.notResumable(name, state: RunState(rawValue: row[1]) ?? .complete)
        }
        try db.execute(sql: "UPDATE runs SET state = 'running', finished = NULL WHERE id = ?", arguments: [run])
        let forgotten = try forgetFailures(run)
        try db.execute(
            sql: """
                UPDATE shards SET state = 'pending', detail = '',
                    forgiven = (SELECT coalesce(max(epoch), 0) FROM leases WHERE leases.shard = shards.id)
                WHERE cell IN (SELECT id FROM cells WHERE run = ?) AND state IN ('pending', 'failed', 'cancelled')
                """, arguments: [run])
        try Withdrawals(changes).withdrawTainted(of: .run(run), "its worker was revoked while the run was over")
        let missing = try Int.fetchOne(
            db, sql: "SELECT count(*) FROM cells JOIN missing ON missing.cell = cells.id WHERE cells.run = ?",
            arguments: [run])
        changes.note(
            .runResumed, run: name,
            "was \(state.rawValue), misses \(counted(missing ?? 0, "row")), \(forgotten) of them given up before")
        return missing ?? 0
    }

    /// Failures remain in the journal, where they were noted when they happened.
    private func forgetFailures(_ run: Int64) throws -> Int {
        try db.execute(
            sql: "DELETE FROM given_up WHERE cell IN (SELECT id FROM cells WHERE run = ?)", arguments: [run])
        return db.changesCount
    }
}
