import Foundation
import Operations

extension ReferenceBackend {
    public func score(_ hidden: Matrix, head: Matrix, rows: [Int], targets: [Int32]) throws -> [TokenScore] {
        precondition(rows.count == targets.count, "\(targets.count) targets for \(rows.count) rows")
        let logits = project(hidden, columns: 0..<hidden.columns, by: head)  // [L, V]
        return zip(rows, targets).map { row, target in
            let row = Array(logits[row: row])
            let greedy = row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 }
            let runnerUp = row.indices.lazy.filter { $0 != greedy }.map { row[$0] }.max() ?? -.infinity
            let largest = Double(row[greedy])
            let logSum = largest + log(row.reduce(0) { $0 + exp(Double($1) - largest) })
            return TokenScore(
                logProbability: Double(row[Int(target)]) - logSum,
                isGreedy: Int(target) == greedy,
                margin: row[greedy] - runnerUp)
        }
    }
}
