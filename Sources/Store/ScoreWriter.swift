import Foundation
import GRDB
import Wire

/// Stores the rows of one lease: insert or leave, never overwrite.
struct ScoreWriter {
    private let now: Double
    private let shard, cell, epoch, worker, engine: Int64
    private let insert, find, disagree: Statement
    private let db: Database

    init(
        db: Database, now: Double, shard: Int64, cell: Int64, epoch: Int64, worker: Int64, engine: Int64
    ) throws {
        self.db = db
        self.now = now
        self.shard = shard
        self.cell = cell
        self.epoch = epoch
        self.worker = worker
        self.engine = engine
        insert = try db.cachedStatement(sql: ScoreWriter.insertion)
        find = try db.cachedStatement(sql: ScoreWriter.search)
        disagree = try db.cachedStatement(sql: ScoreWriter.disagreement)
    }

    func write(_ row: WireRow, outcome: inout RowOutcome) throws {
        let example = Int(row.example)
        guard let tokens = Int64(exactly: row.tokens), !row.choices.isEmpty else {
            outcome.unexpected.append(example)
            return
        }
        let digest = RowDigest.of(row)
        let choices = ChoiceCoding.encode(row.choices)
        let best = ScoreWriter.best(row.choices)
        let greedy = row.choices[0].greedy
        try insert.execute(arguments: [
            epoch, worker, engine, choices, digest, tokens, row.flopsReduction, row.flopsReductionWithHead, best,
            greedy, greedy, best, cell, example, shard, row.choices.count,
        ])
        if db.changesCount == 1 {
            outcome.new += 1
            return
        }
        guard let stored = try Data.fetchOne(find, arguments: [cell, example, shard, row.choices.count]) else {
            outcome.unexpected.append(example)
            return
        }
        if stored == digest {
            outcome.duplicates += 1
            return
        }
        outcome.disagreements.append(example)
        try disagree.execute(arguments: [
            cell, example, shard, epoch, worker, engine, choices, digest, tokens, row.flopsReduction,
            row.flopsReductionWithHead, now,
        ])
    }

    /// The first of the largest log-likelihoods; like numpy's argmax, the first NaN wins over every number.
    private static func best(_ choices: [WireRow.Choice]) -> Int {
        var best = 0
        for (index, choice) in choices.enumerated().dropFirst() {
            if choices[best].loglikelihood.isNaN { break }
            if choice.loglikelihood.isNaN || choice.loglikelihood > choices[best].loglikelihood { best = index }
        }
        return best
    }

    /// Selects from the manifest, so that a row which the shard does not have, or with another number of choices,
    /// finds nothing to insert.
    private static let insertion = """
        INSERT INTO scores (
            cell, example, shard, epoch, worker, engine, choices, digest, tokens, flops_reduction,
            flops_reduction_with_head, best, greedy, correct)
        SELECT x.cell, x.example, x.shard, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
            CASE WHEN m.gold IS NULL THEN ? ELSE ? = m.gold END
        FROM expected AS x JOIN examples AS m ON m.benchmark = x.benchmark AND m.example = x.example
        WHERE x.cell = ? AND x.example = ? AND x.shard = ? AND m.choices = ?
        ON CONFLICT (cell, example) DO NOTHING
        """

    private static let search = """
        SELECT s.digest
        FROM expected AS x
        JOIN examples AS m ON m.benchmark = x.benchmark AND m.example = x.example
        JOIN scores AS s ON s.cell = x.cell AND s.example = x.example
        WHERE x.cell = ? AND x.example = ? AND x.shard = ? AND m.choices = ?
        """

    private static let disagreement = """
        INSERT OR IGNORE INTO disagreements (
            cell, example, shard, epoch, worker, engine, choices, digest, tokens, flops_reduction,
            flops_reduction_with_head, at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
}
