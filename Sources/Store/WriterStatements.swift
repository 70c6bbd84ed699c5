import GRDB

/// The statements that run for every job and every row, compiled once. A class, for they are many to hand on.
final class WriterStatements {
    let place, worker, addWorker, engine, addEngine: BoundStatement
    let grant, release, setState, endLeases, holder: BoundStatement
    let admit, expected, insertScore, findScore, insertDisagreement: BoundStatement
    let requests, event, insertMeasurement: BoundStatement

    init(_ db: Database) throws {
        place = try BoundStatement(
            db,
            """
            SELECT shards.id, shards.cell, cells.benchmark,
                (SELECT measure IS NOT NULL FROM benchmarks WHERE benchmarks.id = cells.benchmark)
            FROM shards JOIN cells ON cells.id = shards.cell WHERE shards.job = ?
            """)
        worker = try BoundStatement(db, "SELECT id FROM workers WHERE worker = ?")
        addWorker = try BoundStatement(db, "INSERT INTO workers (worker) VALUES (?) ON CONFLICT DO NOTHING")
        engine = try BoundStatement(db, "SELECT id FROM engines WHERE build = ? AND engine = ? AND identity = ?")
        addEngine = try BoundStatement(
            db, "INSERT INTO engines (build, engine, identity) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
        grant = try BoundStatement(
            db,
            "INSERT INTO leases (shard, epoch, worker, incarnation, purpose, granted) VALUES (?, ?, ?, ?, ?, ?)")
        release = try BoundStatement(
            db, "UPDATE leases SET ended = ?, reason = ? WHERE shard = ? AND epoch = ? AND ended IS NULL")
        setState = try BoundStatement(db, "UPDATE shards SET state = ?, detail = ? WHERE id = ?")
        endLeases = try BoundStatement(
            db, "UPDATE leases SET ended = ?, reason = ? WHERE shard = ? AND ended IS NULL")
        holder = try BoundStatement(
            db,
            """
            SELECT worker FROM leases WHERE shard = ? AND epoch = ?
                AND NOT EXISTS (SELECT 1 FROM revocations WHERE revocations.worker = leases.worker)
            """)
        admit = try BoundStatement(db, "INSERT INTO admitted (cell, engine) VALUES (?, ?) ON CONFLICT DO NOTHING")
        expected = try BoundStatement(db, ScoreWriter.expectation)
        insertScore = try BoundStatement(db, ScoreWriter.insertion)
        findScore = try BoundStatement(db, ScoreWriter.search)
        insertDisagreement = try BoundStatement(db, ScoreWriter.disagreement)
        insertMeasurement = try BoundStatement(db, ScoreWriter.measurement)
        requests = try BoundStatement(
            db,
            """
            SELECT x.example, d.requests
            FROM expected AS x JOIN documents AS d ON d.benchmark = ? AND d.example = x.example
            WHERE x.shard = ? AND x.example BETWEEN ? AND ?
            """)
        event = try BoundStatement(
            db, "INSERT INTO events (at, run, kind, detail) VALUES (?, (SELECT id FROM runs WHERE run = ?), ?, ?)")
    }
}
