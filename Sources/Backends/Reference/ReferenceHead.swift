import Foundation
import Operations

extension ReferenceBackend {
    public func score(_ hidden: Matrix, head: Matrix, rows: [Int], targets: [Int32]) throws -> [TokenScore] {
        precondition(rows.count == targets.count, "\(targets.count) targets for \(rows.count) rows")
        let logits = project(hidden, columns: 0..<hidden.columns, by: head)  // [L, V]
        return zip(rows, targets).map { row, target in
            let row = Array(logits[row: row])
            let (choice, logSum) = choice(row)
            return TokenScore(
                logProbability: Double(row[Int(target)]) - logSum, isGreedy: target == choice.token,
                margin: choice.margin)
        }
    }

    public func choose(_ hidden: Matrix, head: Matrix) throws -> [TokenChoice] {
        let logits = project(hidden, columns: 0..<hidden.columns, by: head)  // [L, V]
        return (0..<hidden.rows).map { choice(Array(logits[row: $0])).choice }
    }

    /// The token with the largest of a row's logits, and log Σ exp(logit).
    private func choice(_ row: [Float]) -> (choice: TokenChoice, logSum: Double) {
        let greedy = row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 }
        let runnerUp = row.indices.lazy.filter { $0 != greedy }.map { row[$0] }.max() ?? -.infinity
        let largest = Double(row[greedy])
        let logSum = largest + log(row.reduce(0) { $0 + exp(Double($1) - largest) })
        let choice = TokenChoice(
            token: Int32(greedy), logProbability: largest - logSum, margin: row[greedy] - runnerUp)
        return (choice, logSum)
    }
}
