import Cluster
import Foundation
import GRDB

/// Writes a run's manifest inside the caller's transaction.
struct ManifestWriter {
    let db: Database
    let manifest: RunManifest

    /// - Returns: the store's number of the run.
    func write() throws -> Int64 {
        let known = try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM runs WHERE run = ?)", arguments: [manifest.run])
        if known == true { throw StoreError.duplicateRun(manifest.run) }
        try checkShards()
        try db.execute(
            sql: "INSERT INTO runs (run, name, job, build, priority, created) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                manifest.run, manifest.name, manifest.job, manifest.build, manifest.priority, manifest.created,
            ])
        let run = db.lastInsertedRowID
        let models = try manifest.models.map { ($0.id, try insert($0, run: run)) }
        let benchmarks = try manifest.benchmarks.map { ($0.name, try insert($0, run: run)) }
        try writeCells(
            run: run, models: Dictionary(uniqueKeysWithValues: models),
            benchmarks: Dictionary(uniqueKeysWithValues: benchmarks))
        return run
    }

    private func insert(_ model: ManifestModel, run: Int64) throws -> Int64 {
        try explaining("model '\(model.id)'") {
            try db.execute(
                sql: "INSERT INTO models (run, model, path, sha256, summary, parameters) VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [run, model.id, model.path, model.sha256, model.summary, model.parameters])
        }
        return db.lastInsertedRowID
    }

    private func insert(_ benchmark: ManifestBenchmark, run: Int64) throws -> Int64 {
        try explaining("benchmark '\(benchmark.name)'") {
            try db.execute(
                sql: """
                    INSERT INTO benchmarks (
                        run, benchmark, data, data_sha256, tokenizer_sha256, documents, row_limit, measure)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    run, benchmark.name, benchmark.data, benchmark.dataSHA256, benchmark.tokenizerSHA256,
                    benchmark.documents, benchmark.limit, benchmark.measure,
                ])
        }
        let id = db.lastInsertedRowID
        let examples = try db.cachedStatement(
            sql: """
                INSERT INTO examples (benchmark, example, gold, choices, tokens, characters, bytes)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """)
        let documents = try db.cachedStatement(
            sql: """
                INSERT INTO documents (benchmark, example, doc_hash, target, doc, prompts, requests)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """)
        for example in benchmark.examples {
            try explaining("document \(example.index) of benchmark '\(benchmark.name)'") {
                try check(example)
                try examples.execute(arguments: [
                    id, example.index, example.gold, example.prompts.count, example.tokens,
                    StoredJSON.text(example.prompts.map(\.characters)), StoredJSON.text(example.prompts.map(\.bytes)),
                ])
                try documents.execute(arguments: [
                    id, example.index, example.documentHash, example.target, example.document,
                    try StoredJSON.text(PromptGroups.group(example.prompts)),
                    try example.requests.serializedBytes() as Data,
                ])
            }
        }
        return id
    }

    private func check(_ example: ManifestExample) throws {
        // A measurement is one row like any other, with one choice.
        let requested =
            example.requests.hasMeasure ? 1 : example.requests.groups.reduce(0) { $0 + $1.continuations.count }
        guard requested == example.prompts.count, Int(example.requests.index) == example.index else {
            throw broken(
                "document \(example.index) has \(example.prompts.count) prompts and \(requested) requests, "
                    + "which say that they are document \(example.requests.index)'s")
        }
    }

    private func writeCells(run: Int64, models: [String: Int64], benchmarks: [String: Int64]) throws {
        var cells: [(id: Int64, benchmark: Int64)] = []
        for (ordinal, cell) in manifest.cells.enumerated() {
            guard let model = models[cell.model], let benchmark = benchmarks[cell.benchmark] else {
                throw broken("cell \(ordinal) names model '\(cell.model)' and benchmark '\(cell.benchmark)'")
            }
            try explaining("cell \(ordinal) (\(cell.model), \(cell.reduction), \(cell.benchmark))") {
                try db.execute(
                    sql: """
                        INSERT INTO cells (run, ordinal, model, reduction, benchmark, precision)
                        VALUES (?, ?, ?, ?, ?, ?)
                        """,
                    arguments: [run, ordinal, model, cell.reduction, benchmark, cell.precision])
            }
            cells.append((db.lastInsertedRowID, benchmark))
        }
        let shardStatement = try db.cachedStatement(sql: "INSERT INTO shards (job, cell, tokens) VALUES (?, ?, ?)")
        let rowStatement = try db.cachedStatement(
            sql: "INSERT INTO expected (cell, example, benchmark, shard) VALUES (?, ?, ?, ?)")
        for shard in manifest.shards {
            let (cell, benchmark) = cells[shard.cell]
            try explaining("job \(shard.job)") {
                try shardStatement.execute(arguments: [shard.job, cell, shard.tokens])
                let id = db.lastInsertedRowID
                for example in shard.examples {
                    try rowStatement.execute(arguments: [cell, example, benchmark, id])
                }
            }
        }
    }

    /// The shards hold every example of every cell exactly once.
    private func checkShards() throws {
        var indices: [String: Set<Int>] = [:]
        for benchmark in manifest.benchmarks { indices[benchmark.name] = Set(benchmark.examples.map(\.index)) }
        var remaining = manifest.cells.map { indices[$0.benchmark] ?? [] }
        for shard in manifest.shards {
            guard remaining.indices.contains(shard.cell) else { throw broken("no cell \(shard.cell) for a shard") }
            for example in shard.examples where remaining[shard.cell].remove(example) == nil {
                throw broken("cell \(shard.cell): document \(example) is in two shards, or not in the benchmark")
            }
        }
        for (cell, rest) in remaining.enumerated() {
            if let example = rest.min() { throw broken("cell \(cell): document \(example) is in no shard") }
        }
    }

    private func broken(_ detail: String) -> StoreError { .manifest(run: manifest.run, detail: detail) }

    /// Says which part of the manifest broke a constraint.
    private func explaining(_ part: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            throw broken("\(part): \(error.message ?? "refused by the schema")")
        }
    }
}
