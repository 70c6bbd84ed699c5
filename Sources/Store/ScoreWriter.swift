import Foundation
import GRDB
import Wire

/// Stores the rows of one lease: insert or leave, never overwrite.
struct ScoreWriter {
    private let statements: WriterStatements
    private let now: Double
    private let place: JobPlace
    private let epoch, engine: Int64
    /// What the manifest says of the job's examples.
    private var expected: [UInt32: Expectation] = [:]

    private struct Expectation {
        let choices: Int64
        /// Negative where there is no right choice.
        let gold: Int64
    }

    init(
        _ statements: WriterStatements, now: Double, _ place: JobPlace, epoch: Int64, engine: Int64, for rows: [WireRow]
    ) throws {
        self.statements = statements
        self.now = now
        self.place = place
        self.epoch = epoch
        self.engine = engine
        let (first, last) = (rows.lazy.map(\.example).min() ?? 0, rows.lazy.map(\.example).max() ?? 0)
        try statements.expected.forEach(
            {
                $0.bind(place.shard)
                $0.bind(first)
                $0.bind(last)
            },
            {
                expected[UInt32(clamping: $0.integer(0))] = Expectation(choices: $0.integer(1), gold: $0.integer(2))
            })
    }

    func write(_ row: WireRow, outcome: inout RowOutcome) throws {
        let example = Int(row.example)
        guard let expectation = expected[row.example], expectation.choices == row.choices.count,
            let tokens = Int64(exactly: row.tokens)
        else {
            outcome.unexpected.append(example)
            return
        }
        let choices = ChoiceCoding.encode(row.choices)
        let digest = RowDigest.of(row)
        let best = ScoreWriter.best(row.choices)
        let greedy = row.choices[0].greedy ? 1 : 0
        let inserted = try statements.insertScore.execute {
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
            $0.bind(best)
            $0.bind(greedy)
            $0.bind(expectation.gold < 0 ? greedy : best == expectation.gold ? 1 : 0)
        }
        if inserted == 1 {
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
            }, { $0.data(0) })
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
    static func best(_ choices: [WireRow.Choice]) -> Int {
        var best = 0
        for (index, choice) in choices.enumerated().dropFirst() {
            if choices[best].loglikelihood.isNaN { break }
            if choice.loglikelihood.isNaN || choice.loglikelihood > choices[best].loglikelihood { best = index }
        }
        return best
    }

    /// Values, not a selection from the manifest: beside a trigger, SQLite would put that into a table of its own first.
    static let insertion = """
        INSERT INTO scores (
            cell, example, shard, epoch, engine, choices, digest, tokens, flops_reduction,
            flops_reduction_with_head, best, greedy, correct)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (cell, example) DO NOTHING
        """

    static let expectation = """
        SELECT x.example, m.choices, coalesce(m.gold, -1)
        FROM expected AS x JOIN examples AS m ON m.benchmark = x.benchmark AND m.example = x.example
        WHERE x.shard = ? AND x.example BETWEEN ? AND ?
        """

    static let search = "SELECT digest FROM scores WHERE cell = ? AND example = ?"

    static let disagreement = """
        INSERT OR IGNORE INTO disagreements (
            cell, example, shard, epoch, engine, choices, digest, tokens, flops_reduction,
            flops_reduction_with_head, at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
}
