import CUDAKernels
import Foundation
import Operations

extension CUDABackend {
    public func importance(of features: CUDAMatrix, rows: Range<Int>, metric: Importance) throws -> [Float] {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= features.rows, "rows \(rows) of \(features.rows)")
        var values = [Float](repeating: 0, count: rows.count)
        functions.importance(
            handle, features.view, Int64(rows.lowerBound), Int64(rows.count), metric.libraryName, &values)
        try device.check()
        return values
    }

    public func bestMatches(
        of features: CUDAMatrix, sources: [Int], destinations: [Int], rectified: Bool
    ) throws -> [Match] {
        precondition(sources.isEmpty || !destinations.isEmpty, "sources without a destination")
        precondition(
            (sources + destinations).allSatisfy { $0 >= 0 && $0 < features.rows },
            "rows of a matrix of \(features.rows)")
        var folds = [mc_fold](repeating: mc_fold(), count: sources.count)
        functions.match(
            handle, features.view, sources.map { Int32($0) }, Int64(sources.count), destinations.map { Int32($0) },
            Int64(destinations.count), rectified ? 1 : 0, &folds)
        try device.check()
        return folds.map { Match(destination: Int($0.argmax), similarity: $0.maximum) }
    }

    public func score(
        _ hidden: CUDAMatrix, head: CUDAWeight, rows: [Int], targets: [Int32]
    ) throws -> [TokenScore] {
        precondition(rows.count == targets.count, "\(targets.count) targets for \(rows.count) rows")
        precondition(rows.allSatisfy { $0 >= 0 && $0 < hidden.rows }, "rows of a matrix of \(hidden.rows)")
        precondition(targets.allSatisfy { $0 >= 0 && $0 < head.outputs }, "targets of a vocabulary of \(head.outputs)")
        let (folds, logits) = try rate(hidden, head, rows, targets)
        return rows.indices.map { index in
            let fold = folds[rows[index]]
            return TokenScore(
                logProbability: Double(logits[index]) - fold.logSum, isGreedy: fold.argmax == targets[index],
                margin: fold.maximum - fold.second)
        }
    }

    public func choose(_ hidden: CUDAMatrix, head: CUDAWeight) throws -> [TokenChoice] {
        try rate(hidden, head, [], []).folds.map(\.choice)
    }

    private func rate(
        _ hidden: CUDAMatrix, _ head: CUDAWeight, _ rows: [Int], _ tokens: [Int32]
    ) throws -> (folds: [mc_fold], logits: [Float]) {
        precondition(hidden.columns == head.inputs, "\(head.inputs) inputs for \(hidden.columns) columns")
        var folds = [mc_fold](repeating: mc_fold(), count: hidden.rows)
        var logits = [Float](repeating: 0, count: rows.count)
        functions.rate(
            handle, libraryGEMM, hidden.view, head.view, rows.map { Int32($0) }, tokens, Int64(rows.count), &folds,
            &logits)
        try device.check()
        return (folds, logits)
    }
}

extension mc_fold {
    /// log Σ exp(logit)
    fileprivate var logSum: Double { Double(maximum) + log(sum) }

    var choice: TokenChoice {
        TokenChoice(token: argmax, logProbability: Double(maximum) - logSum, margin: maximum - second)
    }
}

extension Importance {
    var libraryName: mc_metric {
        switch self {
        case .clip: mc_clip
        case .noclip: mc_noclip
        case .l1: mc_l1
        case .l2: mc_l2
        }
    }
}
