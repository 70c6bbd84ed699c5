import CKernels
import Foundation
import Operations

extension CPUBackend {
    /// Rows whose logits are taken together: enough to use each panel of the head often, few enough to stay in cache.
    private static let headRows = 98

    /// Logits of a row that are folded at a time, whole panels. It is fixed, and folds are added in order, so that the
    /// sum of the exponentials has one value.
    private static let headColumns = 512

    public func score(
        _ hidden: CPUMatrix, head: CPUWeight, rows: [Int], targets: [Int32]
    ) throws -> [TokenScore] {
        precondition(rows.count == targets.count, "\(targets.count) targets for \(rows.count) rows")
        precondition(rows.allSatisfy { $0 >= 0 && $0 < hidden.rows }, "rows of a matrix of \(hidden.rows)")
        precondition(hidden.columns == head.inputs, "\(head.inputs) inputs for \(hidden.columns) columns")
        precondition(targets.allSatisfy { $0 >= 0 && $0 < head.outputs }, "targets of a vocabulary of \(head.outputs)")
        var scores = [TokenScore](
            repeating: TokenScore(logProbability: 0, isGreedy: false, margin: 0), count: targets.count)
        let operand = operand(hidden, columns: 0..<hidden.columns, of: head)
        for first in stride(from: 0, to: hidden.rows, by: Self.headRows) {
            let tile = first..<min(hidden.rows, first + Self.headRows)
            let rated = rows.indices.filter { tile.contains(rows[$0]) }
            let pairs = rated.map { (row: rows[$0] - first, target: Int(targets[$0])) }
            for (index, score) in zip(rated, score(operand, tile, head, pairs)) { scores[index] = score }
        }
        return scores
    }

    public func choose(_ hidden: CPUMatrix, head: CPUWeight) throws -> [TokenChoice] {
        precondition(hidden.columns == head.inputs, "\(head.inputs) inputs for \(hidden.columns) columns")
        let operand = operand(hidden, columns: 0..<hidden.columns, of: head)
        return stride(from: 0, to: hidden.rows, by: Self.headRows).flatMap { first in
            let tile = first..<min(hidden.rows, first + Self.headRows)
            return foldRows(operand, tile, head) { _, _, _ in }.map { folds in
                let (best, logSum) = Self.whole(folds)
                return TokenChoice(
                    token: best.argmax, logProbability: Double(best.maximum) - logSum,
                    margin: best.maximum - best.second)
            }
        }
    }

    /// Rates the target of each pair by its row, counted from the first of `rows`.
    private func score(
        _ hidden: Operand, _ rows: Range<Int>, _ head: CPUWeight, _ pairs: [(row: Int, target: Int)]
    ) -> [TokenScore] {
        var logits = [Float](repeating: 0, count: pairs.count)
        let folds = logits.withUnsafeMutableBufferPointer { logits in
            let logits = Logits(values: logits)
            return foldRows(hidden, rows, head) { tile, stride, columns in
                for (index, pair) in pairs.enumerated() where columns.contains(pair.target) {
                    logits.values[index] = tile[pair.row * stride + pair.target - columns.lowerBound]
                }
            }
        }
        return zip(pairs, logits).map { pair, logit in
            let (best, logSum) = Self.whole(folds[pair.row])
            return TokenScore(
                logProbability: Double(logit) - logSum, isGreedy: Int(best.argmax) == pair.target,
                margin: best.maximum - best.second)
        }
    }

    /// Logits that several threads write, each its own.
    private struct Logits: @unchecked Sendable {
        let values: UnsafeMutableBufferPointer<Float>
    }

    /// The folds of each row's chunks of logits; `look` sees each chunk's logits, their stride and their columns, on
    /// any thread.
    private func foldRows(
        _ hidden: Operand, _ rows: Range<Int>, _ head: CPUWeight,
        look: (UnsafePointer<Float>, Int, Range<Int>) -> Void
    ) -> [ArraySlice<ck_fold>] {
        let chunks = (head.outputs + Self.headColumns - 1) / Self.headColumns
        var folds = [ck_fold](repeating: ck_fold(), count: rows.count * chunks)  // [rows, chunks]
        folds.withUnsafeMutableBufferPointer { folds in
            guard let folds = folds.baseAddress else { return }
            split(chunks, work: rows.count * head.outputs * head.inputs) { range in
                fold(hidden, rows, head, chunks: range, of: chunks, into: folds, look: look)
            }
        }
        return (0..<rows.count).map { folds[$0 * chunks..<($0 + 1) * chunks] }
    }

    /// Folds some chunks of the logits of `rows`; `look` sees each chunk's logits, their stride and their columns.
    private func fold(
        _ hidden: Operand, _ rows: Range<Int>, _ head: CPUWeight, chunks: Range<Int>, of chunkCount: Int,
        into folds: UnsafeMutablePointer<ck_fold>, look: (UnsafePointer<Float>, Int, Range<Int>) -> Void
    ) {
        let stride = CPUMatrix.stride(of: Self.headColumns)
        withExtendedLifetime((hidden, head)) {
            withScratch(rows.count * stride) { tile in
                for chunk in chunks {
                    let first = chunk * Self.headColumns
                    let columns = first..<min(head.outputs, first + Self.headColumns)
                    let product = ck_product(
                        x: hidden.row(rows.lowerBound), x_stride: hidden.stride,
                        panels: head.panel(first / Self.panelWidth), inputs: head.inputs, outputs: columns.count,
                        y: tile, y_stride: stride, following: chunk + 1 < chunks.upperBound ? 1 : 0)
                    multiply(
                        product, head.layout, rows: 0..<rows.count, panels: 0..<CPUWeight.panelCount(columns.count))
                    kernels.fold(tile, stride, rows.count, columns.count, first, folds + chunk, chunkCount)
                    look(tile, stride, columns)
                }
            }
        }
    }

    /// Puts a row's folds together, in order: the largest logits, and log Σ exp(logit).
    private static func whole(_ folds: ArraySlice<ck_fold>) -> (best: ck_fold, logSum: Double) {
        var best = ck_fold(maximum: -.infinity, second: -.infinity, sum: 0, argmax: 0)
        for fold in folds {
            if fold.maximum > best.maximum {
                best.second = max(best.maximum, fold.second)
                best.maximum = fold.maximum
                best.argmax = fold.argmax
            } else {
                best.second = max(best.second, fold.maximum)
            }
        }
        let largest = Double(best.maximum)
        let sum = folds.reduce(0) { $0 + $1.sum * exp(Double($1.maximum) - largest) }
        return (best, largest + log(sum))
    }
}
