import Cluster
import Foundation
import GRDB
import Wire

extension StoreView {
    /// The cells of a run in the manifest's order, with what is stored of each.
    public func cells(run: RunID) throws -> [CellRecord] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT cells.id, cells.ordinal, models.model, cells.reduction, benchmarks.benchmark, benchmarks.measure,
                    cells.precision, coverage.stored, coverage.expected,
                    (SELECT count(*) FROM scores WHERE scores.cell = cells.id AND scores.correct = 1) AS correct
                FROM cells JOIN coverage ON coverage.cell = cells.id
                JOIN models ON models.id = cells.model JOIN benchmarks ON benchmarks.id = cells.benchmark
                WHERE cells.run = (SELECT id FROM runs WHERE run = ?) ORDER BY cells.ordinal
                """, arguments: [run]
        ).map {
            CellRecord(
                id: $0["id"], ordinal: $0["ordinal"], model: $0["model"], reduction: $0["reduction"],
                benchmark: $0["benchmark"], measure: $0["measure"], precision: $0["precision"], rows: $0["stored"],
                rowsExpected: $0["expected"], correct: $0["correct"])
        }
    }

    /// The stored rows of a cell in document order.
    public func scores(cell: Int64) throws -> [ScoreRecord] {
        let cursor = try Row.fetchCursor(
            db,
            sql: """
                SELECT scores.example, scores.choices, scores.tokens, scores.flops_reduction,
                    scores.flops_reduction_with_head, shards.job, scores.epoch, workers.worker, engines.engine,
                    scores.digest, engines.build, engines.identity
                FROM scores JOIN shards ON shards.id = scores.shard JOIN engines ON engines.id = scores.engine
                JOIN leases ON leases.shard = scores.shard AND leases.epoch = scores.epoch
                JOIN workers ON workers.id = leases.worker
                WHERE scores.cell = ? ORDER BY scores.example
                """, arguments: [cell])
        var records: [ScoreRecord] = []
        while let row = try cursor.next() {
            records.append(
                ScoreRecord(
                    example: row[0], choices: try choices(row[1]), tokens: row[2], flopsReduction: row[3] ?? .nan,
                    flopsReductionWithHead: row[4] ?? .nan, job: row[5], epoch: UInt64(row[6] as Int64),
                    worker: row[7], engine: row[8], build: row[10], identity: row[11], digest: Array(row[9] as Data)))
        }
        return records
    }

    /// The results of a run that contradict stored ones and do not come from revoked workers, oldest first.
    public func disagreements(run: RunID) throws -> [DisagreementRecord] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT d.cell, d.example, shards.job, d.epoch, workers.worker, engines.engine, d.choices, d.digest
                FROM disagreements AS d JOIN cells ON cells.id = d.cell JOIN shards ON shards.id = d.shard
                JOIN leases ON leases.shard = d.shard AND leases.epoch = d.epoch
                JOIN workers ON workers.id = leases.worker JOIN engines ON engines.id = d.engine
                JOIN scores ON scores.cell = d.cell AND scores.example = d.example AND scores.digest <> d.digest
                WHERE cells.run = (SELECT id FROM runs WHERE run = ?)
                    AND leases.worker NOT IN (SELECT worker FROM revocations)
                ORDER BY d.id
                """, arguments: [run]
        ).map { row in
            DisagreementRecord(
                cell: row[0], example: row[1], job: row[2], epoch: UInt64(row[3] as Int64), worker: row[4],
                engine: row[5], choices: try choices(row[6]), digest: Array(row[7] as Data))
        }
    }

    /// The documents of a benchmark in their order.
    public func documents(benchmark: Int64) throws -> [DocumentRecord] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT example, doc, doc_hash, target, gold, prompts, characters, bytes, tokens
                FROM documents JOIN examples USING (benchmark, example) WHERE benchmark = ? ORDER BY example
                """, arguments: [benchmark]
        ).map { row in
            DocumentRecord(
                index: row[0], document: row[1], documentHash: row[2], target: row[3], gold: row[4],
                prompts: try prompts(row[5], characters: row[6], bytes: row[7]), tokens: row[8])
        }
    }

    func choices(_ data: Data) throws -> [ChoiceScore] {
        guard let choices = ChoiceCoding.decode(data) else {
            throw StoreError.unreadable(path: path, detail: "\(data.count) bytes are no list of choices")
        }
        return choices
    }

    private func prompts(_ json: String, characters: String, bytes: String) throws -> [ManifestExample.Prompt] {
        let pairs = PromptGroups.pairs(try list(json, of: [String].self))
        let characters = try list(characters, of: Int.self)
        let bytes = try list(bytes, of: Int.self)
        guard pairs.count == characters.count, pairs.count == bytes.count else {
            throw StoreError.unreadable(path: path, detail: "a document's prompts and their lengths differ in number")
        }
        return pairs.indices.map {
            .init(
                context: pairs[$0].context, continuation: pairs[$0].continuation, characters: characters[$0],
                bytes: bytes[$0])
        }
    }
}
