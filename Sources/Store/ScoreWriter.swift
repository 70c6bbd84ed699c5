import Foundation
import GRDB
import Wire

/// Stores the rows of one lease: insert or leave, never overwrite.
struct ScoreWriter {
    let statements: WriterStatements
    private let now: Double
    let place: JobPlace
    private let epoch, engine: Int64
    /// What the manifest says of the rows' examples, ascending.
    private var expected: [Expectation] = []

    private struct Expectation {
        let example: UInt32
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
        expected.reserveCapacity(rows.count)
        try statements.expected.forEach(
            {
                $0.bind(place.benchmark)
                $0.bind(place.shard)
                $0.bind(first)
                $0.bind(last)
            },
            {
                expected.append(
                    Expectation(
                        example: UInt32(clamping: $0.integer(0)), choices: $0.integer(1), gold: $0.integer(2)))
            })
    }

    /// O(log n).
    private func expectation(of example: UInt32) -> Expectation? {
        var (low, high) = (0, expected.count)
        while low < high {
            let middle = (low + high) / 2
            if expected[middle].example < example { low = middle + 1 } else { high = middle }
        }
        return low < expected.count && expected[low].example == example ? expected[low] : nil
    }

    func write(_ row: WireRow, outcome: inout RowOutcome) throws {
        guard let expectation = expectation(of: row.example), expectation.choices == row.choices.count,
            ScoreWriter.isWellFormed(row, measures: place.measures), let tokens = Int64(exactly: row.tokens)
        else {
            outcome.unexpected.append(Int(row.example))
            return
        }
        try RowDigest.with(row) { digest in
            try ChoiceCoding.with(row.choices) { choices in
                let content = Content(
                    example: row.example, choices: choices, digest: digest, tokens: tokens,
                    flopsReduction: row.flopsReduction, flopsReductionWithHead: row.flopsReductionWithHead)
                if try insert(content, row.choices, gold: expectation.gold) {
                    outcome.new += 1
                    if row.hasMeasurement { try insert(row.measurement, example: row.example) }
                } else if row.hasMeasurement {
                    // No second one is equal to the bit, and the first stays.
                    outcome.duplicates.append(Int(row.example))
                } else {
                    try compare(content, outcome: &outcome)
                }
            }
        }
    }

    /// What of a row is stored, wherever it goes.
    private struct Content {
        let example: UInt32
        let choices, digest: UnsafeRawBufferPointer
        let tokens: Int64
        let flopsReduction, flopsReductionWithHead: Double
    }

    /// The first ten columns of `scores` and of `disagreements`.
    private func bind(_ content: Content, to binder: inout BoundStatement.Binder) {
        binder.bind(place.cell)
        binder.bind(content.example)
        binder.bind(place.shard)
        binder.bind(epoch)
        binder.bind(engine)
        binder.bind(lasting: content.choices)
        binder.bind(lasting: content.digest)
        binder.bind(content.tokens)
        binder.bind(content.flopsReduction)
        binder.bind(content.flopsReductionWithHead)
    }

    /// Whether there was no row.
    private func insert(_ content: Content, _ choices: [WireRow.Choice], gold: Int64) throws -> Bool {
        let best = ScoreWriter.best(choices)
        let greedy = choices[0].greedy ? 1 : 0
        return try statements.insertScore.execute {
            bind(content, to: &$0)
            $0.bind(best)
            $0.bind(greedy)
            $0.bind(gold < 0 ? greedy : best == gold ? 1 : 0)
        } == 1
    }

    /// Tells why a row was not inserted.
    private func compare(_ content: Content, outcome: inout RowOutcome) throws {
        let example = Int(content.example)
        let isEqual = try statements.findScore.first(
            {
                $0.bind(place.cell)
                $0.bind(example)
            }, { $0.data(0).elementsEqual(content.digest) })
        if isEqual == true {
            outcome.duplicates.append(example)
            return
        }
        outcome.disagreements.append(example)
        try statements.insertDisagreement.execute {
            bind(content, to: &$0)
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
        FROM expected AS x JOIN examples AS m ON m.benchmark = ? AND m.example = x.example
        WHERE x.shard = ? AND x.example BETWEEN ? AND ? ORDER BY x.example
        """

    static let search = "SELECT digest FROM scores WHERE cell = ? AND example = ?"

    static let disagreement = """
        INSERT OR IGNORE INTO disagreements (
            cell, example, shard, epoch, engine, choices, digest, tokens, flops_reduction,
            flops_reduction_with_head, at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
}
