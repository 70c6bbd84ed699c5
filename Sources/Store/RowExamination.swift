import Foundation
import GRDB
import Wire
import Wording

/// Computes again what the store says of every row: its digest, its best choice, and whether that is right.
struct RowExamination {
    private let view: StoreView

    init(_ view: StoreView) { self.view = view }

    func finding() throws -> Finding {
        var (rows, damaged) = (0, 0)
        var first: String?
        let cursor = try Row.fetchCursor(
            view.db,
            sql: """
                SELECT s.choices, s.digest, s.tokens, s.flops_reduction, s.flops_reduction_with_head, s.example, s.best,
                    s.greedy, s.correct, m.gold, runs.run, cells.ordinal
                FROM scores AS s JOIN cells ON cells.id = s.cell JOIN runs ON runs.id = cells.run
                JOIN examples AS m ON m.benchmark = cells.benchmark AND m.example = s.example
                ORDER BY s.cell, s.example
                """)
        while let row = try cursor.next() {
            rows += 1
            guard !Self.isSound(row) else { continue }
            damaged += 1
            if first == nil {
                first = "run \(row[10] as String), cell \(row[11] as Int), example \(row[5] as Int)"
            }
        }
        guard let first else {
            let sound = counted(rows, "row has the digest that it", "rows have the digest that they")
            return Finding("store rows", .ok, "\(sound) came with")
        }
        return Finding(
            "store rows", .failed,
            "\(damaged) of \(counted(rows, "row")) not as a worker sent it, the first of them \(first): the file was "
                + "damaged or changed; restore a copy, or submit the job to another store")
    }

    private static func isSound(_ row: Row) -> Bool {
        guard let choices = ChoiceCoding.decode(row[0]), let first = choices.first else { return false }
        let sent = WireRow.with {
            $0.example = UInt32(clamping: row[5] as Int64)
            $0.flopsReduction = row[3] ?? .nan
            $0.flopsReductionWithHead = row[4] ?? .nan
            $0.tokens = UInt64(clamping: row[2] as Int64)
            $0.choices = choices.map { choice in
                .with {
                    $0.loglikelihood = choice.loglikelihood
                    $0.greedy = choice.greedy
                    $0.tokens = UInt32(clamping: choice.tokens)
                    $0.margin = choice.margin
                }
            }
        }
        // Of a reduction that is NaN, the store does not keep the bits.
        let isExact = row[3] as Double? != nil && row[4] as Double? != nil
        let best = ScoreWriter.best(sent.choices)
        let gold: Int? = row[9]
        let isCorrect = gold.map { best == $0 } ?? first.greedy
        return (!isExact || RowDigest.of(sent) == row[1]) && row[6] as Int == best && row[7] as Bool == first.greedy
            && row[8] as Bool == isCorrect
    }
}
