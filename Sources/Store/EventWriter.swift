import Cluster
import GRDB

/// Appends events inside the caller's transaction.
struct EventWriter {
    let db: Database
    let now: Double

    func record(_ kind: String, run: RunID?, _ detail: String) throws {
        try db.cachedStatement(
            sql: "INSERT INTO events (at, run, kind, detail) VALUES (?, (SELECT id FROM runs WHERE run = ?), ?, ?)"
        ).execute(arguments: [now, run, kind, detail])
    }
}
