import Cluster
import GRDB

extension StoreView {
    /// Every run, oldest first.
    public func runs() throws -> [RunRecord] {
        try Row.fetchAll(db, sql: StoreView.runSelection + " ORDER BY runs.id").map(runRecord)
    }

    /// One run.
    public func run(_ run: RunID) throws -> RunRecord {
        let row = try Row.fetchOne(db, sql: StoreView.runSelection + " WHERE runs.run = ?", arguments: [run])
        guard let row else {
            throw StoreError.unknownRun(run, known: try String.fetchAll(db, sql: "SELECT run FROM runs ORDER BY id"))
        }
        return try runRecord(row)
    }

    /// The models of a run, in the manifest's order.
    public func models(run: RunID) throws -> [ManifestModel] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT model, path, sha256, summary, parameters FROM models
                WHERE run = (SELECT id FROM runs WHERE run = ?) ORDER BY id
                """, arguments: [run]
        ).map {
            ManifestModel(
                id: $0["model"], path: $0["path"], sha256: $0["sha256"], summary: $0["summary"],
                parameters: $0["parameters"])
        }
    }

    /// The benchmarks of a run, in the manifest's order.
    public func benchmarks(run: RunID) throws -> [BenchmarkRecord] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT id, benchmark, data, data_sha256, tokenizer_sha256, documents, row_limit, measure,
                    (SELECT count(*) FROM examples WHERE examples.benchmark = benchmarks.id) AS examples
                FROM benchmarks WHERE run = (SELECT id FROM runs WHERE run = ?) ORDER BY id
                """, arguments: [run]
        ).map {
            BenchmarkRecord(
                id: $0["id"], name: $0["benchmark"], data: $0["data"], dataSHA256: $0["data_sha256"],
                tokenizerSHA256: $0["tokenizer_sha256"], documents: $0["documents"], limit: $0["row_limit"],
                examples: $0["examples"], measure: $0["measure"])
        }
    }

    /// The examples of a run that were given up and have no row, by job and reason.
    public func failures(run: RunID) throws -> [FailureRecord] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT shards.job, g.detail, cells.ordinal, models.model, benchmarks.benchmark,
                    json_group_array(g.example) AS examples
                FROM (SELECT * FROM given_up ORDER BY cell, example) AS g JOIN shards ON shards.id = g.shard
                JOIN cells ON cells.id = g.cell
                JOIN models ON models.id = cells.model JOIN benchmarks ON benchmarks.id = cells.benchmark
                WHERE cells.run = (SELECT id FROM runs WHERE run = ?) AND NOT EXISTS (
                    SELECT 1 FROM scores WHERE scores.cell = g.cell AND scores.example = g.example)
                GROUP BY g.shard, g.detail ORDER BY g.shard, min(g.example)
                """, arguments: [run]
        ).map { row in
            FailureRecord(
                job: row["job"], cell: row["ordinal"], model: row["model"], benchmark: row["benchmark"],
                examples: try list(row["examples"], of: Int.self).sorted(), detail: row["detail"])
        }
    }

    /// The number of the newest start of a coordinator; 0 before the first.
    public func incarnation() throws -> UInt64 {
        UInt64(try Int64.fetchOne(db, sql: "SELECT max(incarnation) FROM incarnations") ?? 0)
    }

    private static let runSelection = """
        SELECT runs.*,
            (SELECT sum(stored) FROM coverage WHERE coverage.run = runs.id) AS stored,
            (SELECT sum(expected) FROM coverage WHERE coverage.run = runs.id) AS expected,
            (SELECT count(*) FROM given_up AS g JOIN cells ON cells.id = g.cell
                WHERE cells.run = runs.id AND NOT EXISTS (
                    SELECT 1 FROM scores WHERE scores.cell = g.cell AND scores.example = g.example)) AS failures
        FROM runs
        """

    private func runRecord(_ row: Row) throws -> RunRecord {
        RunRecord(
            run: row["run"], name: row["name"], job: row["job"], build: row["build"],
            priority: row["priority"],
            state: try value(row["state"], as: RunState.self), created: row["created"], finished: row["finished"],
            rows: row["stored"] ?? 0, rowsExpected: row["expected"] ?? 0, failures: row["failures"])
    }

    /// A JSON list of a column.
    func list<Value: Decodable>(_ json: String, of type: Value.Type) throws -> [Value] {
        do {
            return try StoredJSON.value(json, as: [Value].self)
        } catch {
            throw StoreError.unreadable(path: path, detail: "'\(json.prefix(40))' is no list of \(type)")
        }
    }
}
