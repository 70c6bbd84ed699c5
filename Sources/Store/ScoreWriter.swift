import Foundation
import GRDB
import Wire

/// Stores the rows of one lease: insert or leave, never overwrite.
struct ScoreWriter {
    private let statements: WriterStatements
    private let db: Database
    private let now: Double
    private let place: JobPlace
    private let epoch, engine: Int64

    init(
        _ statements: WriterStatements, _ db: Database, now: Double, _ place: JobPlace, epoch: Int64, engine: Int64
    ) {
        self.statements = statements
        self.db = db
        self.now = now
        self.place = place
        self.epoch = epoch
        self.engine = engine
    }

    func write(_ row: WireRow, outcome: inout RowOutcome) throws {
        let example = Int(row.example)
        guard let tokens = Int64(exactly: row.tokens), !row.choices.isEmpty else {
            outcome.unexpected.append(example)
            return
        }
        let choices = ChoiceCoding.encode(row.choices)
        let digest = RowDigest.of(row)
        let best = ScoreWriter.best(row.choices)
        try statements.insertScore.execute {
            $0.bind(place.cell)
            $0.bind(example)
            $0.bind(place.shard)
            $0.bind(epoch)
            $0.bind(engine)
            $0.bind(row.choices.count)
            $0.bind(choices)
            $0.bind(digest)
            $0.bind(tokens)
            $0.bind(row.flopsReduction)
            $0.bind(row.flopsReductionWithHead)
            $0.bind(best)
            $0.bind(row.choices[0].greedy ? 1 : 0)
        }
        if db.changesCount == 1 {
            outcome.new += 1
        } else {
            try compare(row, choices: choices, digest: digest, tokens: tokens, outcome: &outcome)
        }
    }

    /// Tells why a row was not inserted.
    private func compare(
        _ row: WireRow, choices: Data, digest: Data, tokens: Int64, outcome: inout RowOutcome
    ) throws {
        let example = Int(row.example)
        let stored = try statements.findScore.first(
            {
                $0.bind(place.cell)
                $0.bind(example)
                $0.bind(place.shard)
                $0.bind(row.choices.count)
            }, { $0.data(0) })
        guard let stored else {
            outcome.unexpected.append(example)
            return
        }
        if stored == digest {
            outcome.duplicates.append(example)
            return
        }
        outcome.disagreements.append(example)
        try statements.insertDisagreement.execute {
            $0.bind(place.cell)
            $0.bind(example)
            $0.bind(place.shard)
            $0.bind(epoch)
            $0.bind(engine)
            $0.bind(choices)
            $0.bind(digest)
            $0.bind(tokens)
            $0.bind(row.flopsReduction)
            $0.bind(row.flopsReductionWithHead)
            $0.bind(now)
        }
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
    static let insertion = """
        INSERT INTO scores (
            cell, example, shard, epoch, engine, choices, digest, tokens, flops_reduction,
            flops_reduction_with_head, best, greedy, correct)
        SELECT x.cell, x.example, x.shard, ?4, ?5, ?7, ?8, ?9, ?10, ?11, ?12, ?13,
            CASE WHEN m.gold IS NULL THEN ?13 ELSE ?12 = m.gold END
        FROM expected AS x JOIN examples AS m ON m.benchmark = x.benchmark AND m.example = x.example
        WHERE x.cell = ?1 AND x.example = ?2 AND x.shard = ?3 AND m.choices = ?6
        ON CONFLICT (cell, example) DO NOTHING
        """

    static let search = """
        SELECT s.digest
        FROM expected AS x
        JOIN examples AS m ON m.benchmark = x.benchmark AND m.example = x.example
        JOIN scores AS s ON s.cell = x.cell AND s.example = x.example
        WHERE x.cell = ? AND x.example = ? AND x.shard = ? AND m.choices = ?
        """

    static let disagreement = """
        INSERT OR IGNORE INTO disagreements (
            cell, example, shard, epoch, engine, choices, digest, tokens, flops_reduction,
            flops_reduction_with_head, at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
}
