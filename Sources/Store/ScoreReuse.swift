import GRDB

/// Takes over what earlier runs of the store have computed already: rows whose whole identity is the new run's.
///
/// The identity is everything that a score depends on: the model's content, tokenizer, data, the example's tokens, the
/// reduction with its scope, the precision, the build, and the engine's arithmetic. A row that another run contradicted
/// is not taken over, nor is one of a revoked worker, nor a measurement, which is of one machine at one time. Every model
/// of the new run takes over from one engine only, to which it is then bound.
struct ScoreReuse {
    let db: Database
    let run: Int64
    let build: String
    let now: Double
    let incarnation: UInt64

    /// Returns how many rows were taken over.
    func apply() throws -> Int {
        var reused = 0
        for model in try Int64.fetchAll(db, sql: "SELECT id FROM models WHERE run = ? ORDER BY id", arguments: [run]) {
            guard let engine = try richestEngine(for: model) else { continue }
            try db.execute(sql: "UPDATE models SET engine = ? WHERE id = ?", arguments: [engine, model])
            for cell in try Int64.fetchAll(
                db, sql: "SELECT id FROM cells WHERE model = ? ORDER BY id", arguments: [model])
            {
                reused += try fill(cell, engine)
            }
        }
        return reused
    }

    /// The engine of this build whose earlier rows fit most of a model's cells; of equals the one that was first used.
    private func richestEngine(for model: Int64) throws -> String? {
        try String.fetchOne(
            db,
            sql: """
                SELECT engines.identity FROM cells AS new JOIN cells AS old ON \(ScoreReuse.reusableCells)
                JOIN scores ON scores.cell = old.id JOIN engines ON engines.id = scores.engine
                WHERE new.model = ? AND engines.build = ?
                GROUP BY engines.identity ORDER BY count(*) DESC, min(engines.id) LIMIT 1
                """, arguments: [model, build])
    }

    /// Fills a cell from the earlier cell that has most of its rows; returns how many it got.
    private func fill(_ cell: Int64, _ engine: String) throws -> Int {
        let source = try Row.fetchOne(
            db,
            sql: """
                SELECT old.id, runs.run FROM cells AS new JOIN cells AS old ON \(ScoreReuse.reusableCells)
                JOIN runs ON runs.id = old.run JOIN scores ON scores.cell = old.id
                JOIN engines ON engines.id = scores.engine
                WHERE new.id = ? AND engines.build = ? AND engines.identity = ?
                GROUP BY old.id ORDER BY count(*) DESC, old.id DESC LIMIT 1
                """, arguments: [cell, build, engine])
        guard let source else { return 0 }
        let worker = try holder(of: source[1])
        let pair: StatementArguments = ["new": cell, "old": source[0] as Int64]
        try db.execute(
            sql: """
                INSERT INTO leases (shard, epoch, worker, incarnation, purpose, granted, ended, reason)
                SELECT DISTINCT x.shard, 1, :worker, :incarnation, 'score', :now, :now, 'reused' \(ScoreReuse.reusableRows)
                """, arguments: pair &+ ["worker": worker, "incarnation": Int64(clamping: incarnation), "now": now])
        try db.execute(
            sql: "INSERT INTO taken_over (cell, source) VALUES (?, ?)", arguments: [cell, source[0] as Int64])
        try db.execute(
            sql: "INSERT INTO admitted (cell, engine) SELECT DISTINCT x.cell, s.engine \(ScoreReuse.reusableRows)",
            arguments: pair)
        try db.execute(
            sql: """
                INSERT INTO scores (
                    cell, example, shard, epoch, engine, choices, digest, tokens, flops_reduction,
                    flops_reduction_with_head, best, greedy, correct)
                SELECT x.cell, x.example, x.shard, 1, s.engine, s.choices, s.digest, s.tokens, s.flops_reduction,
                    s.flops_reduction_with_head, s.best, s.greedy, s.correct \(ScoreReuse.reusableRows)
                """, arguments: pair)
        let rows = db.changesCount
        try db.execute(
            sql: """
                UPDATE shards SET state = 'done'
                WHERE cell = ? AND NOT EXISTS (SELECT 1 FROM missing WHERE missing.shard = shards.id)
                """, arguments: [cell])
        return rows
    }

    /// The number of the worker that stands for an earlier run.
    private func holder(of earlier: String) throws -> Int64 {
        let name = "run \(earlier)"
        try db.execute(sql: "INSERT OR IGNORE INTO workers (worker) VALUES (?)", arguments: [name])
        return try Int64.fetchOne(db, sql: "SELECT id FROM workers WHERE worker = ?", arguments: [name]) ?? 0
    }

    /// Whether the cells `new` and `old` ask the same.
    static let equalCells = """
        old.run <> new.run AND old.reduction = new.reduction AND old.precision = new.precision
            AND (SELECT sha256 FROM models WHERE models.id = old.model)
                = (SELECT sha256 FROM models WHERE models.id = new.model)
            AND (SELECT benchmark || ' ' || data_sha256 || ' ' || tokenizer_sha256 FROM benchmarks
                    WHERE benchmarks.id = old.benchmark)
                = (SELECT benchmark || ' ' || data_sha256 || ' ' || tokenizer_sha256 FROM benchmarks
                    WHERE benchmarks.id = new.benchmark)
        """

    /// The same of cells that score: what is measured is measured anew.
    private static let reusableCells = """
        \(equalCells)
            AND (SELECT measure FROM benchmarks WHERE benchmarks.id = old.benchmark) IS NULL
        """

    /// The rows `s` of the cell `:old` that answer what the cell `:new` expects as `x`: of the engine that its model is
    /// bound to, for the same document and tokens, contradicted by nobody.
    private static let reusableRows = """
        FROM expected AS x
        JOIN cells ON cells.id = x.cell JOIN models ON models.id = cells.model
        JOIN scores AS s ON s.cell = :old AND s.example = x.example
        JOIN engines ON engines.id = s.engine AND engines.identity = models.engine
        JOIN expected AS y ON y.cell = s.cell AND y.example = s.example
        JOIN documents AS mine ON mine.benchmark = x.benchmark AND mine.example = x.example
        JOIN documents AS theirs ON theirs.benchmark = y.benchmark AND theirs.example = y.example
            AND theirs.doc_hash = mine.doc_hash AND theirs.requests = mine.requests
        WHERE x.cell = :new AND NOT EXISTS (
            SELECT 1 FROM disagreements AS d
            WHERE d.cell = s.cell AND d.example = s.example AND d.digest <> s.digest)
            AND (s.cell, s.example) NOT IN (SELECT cell, example FROM tainted)
        """
}
