import Foundation

extension Reduction {
    /// The layers after which the paper reduces, by the number of layers of the model.
    public static let paperSchedules: [Int: [Int]] = [
        48: [10, 15, 20, 25, 30, 35],
        64: [12, 17, 22, 27, 32, 37, 42],
    ]

    /// The scheduled layers, ascending from 0, in a model of `layerCount` layers.
    ///
    /// - Throws: ``ReductionError`` where a layer is not in the model, or none are given and the paper has none either.
    public func resolvedLayers(layerCount: Int) throws -> [Int] {
        guard method != .none else { return [] }
        guard let layers else {
            guard let schedule = Reduction.paperSchedules[layerCount] else {
                throw ReductionError.noSchedule(layerCount: layerCount)
            }
            return schedule
        }
        if let layer = layers.last, layer >= layerCount {
            throw ReductionError.layerOutOfModel(layer, layerCount: layerCount)
        }
        return layers
    }

    /// Checks that the reduction fits a model: that its layers exist and that its FLOPs target can be met.
    public func validate(layerCount: Int) throws {
        let layers = try resolvedLayers(layerCount: layerCount)
        guard case .flops(let target) = amount else { return }
        let most = limitSaving(keepRatio: .leastNormalMagnitude, layers: layers, layerCount: layerCount, headShare: 0)
        if most < target {
            let shown = (most * 1000).rounded(.down) / 1000
            throw ReductionError.targetOutOfReach(target: target, layers: layers, layerCount: layerCount, most: shown)
        }
    }

    /// The keep ratio for a sequence of `rows` rows: as given, or the largest that meets the FLOPs target there.
    ///
    /// A sequence too short to meet the target sheds as much as it can, at the largest ratio that does so.
    ///
    /// - Parameter headShare: the head's cost for a row, in layers; 0 leaves the head out of the target.
    public func keepRatio(rows: Int, layerCount: Int, headShare: Double = 0) throws -> Double {
        guard case .flops(let target) = amount else { return keepRatio ?? 1 }
        let layers = try resolvedLayers(layerCount: layerCount)
        guard rows > 1 else { return 1 }
        let rule = self.rule
        func saving(_ ratio: Double) -> Double {
            Reduction.saving(entering: Double(rows), layers: layers, layerCount: layerCount, headShare: headShare) {
                Double(rule.keptCount(of: Int($0), keepRatio: ratio))
            }
        }
        let least = 0.5 / Double(rows)
        let reachable = min(target, saving(least))
        return largest(from: least) { saving($0) >= reachable }
    }

    /// The keep ratio for each of several sequences, solved once for each length.
    func keepRatios(rows: [Int], layerCount: Int) throws -> [Double] {
        var solved: [Int: Double] = [:]
        return try rows.map { rows in
            if let ratio = solved[rows] { return ratio }
            let ratio = try keepRatio(rows: rows, layerCount: layerCount)
            solved[rows] = ratio
            return ratio
        }
    }

    /// The keep ratio that meets the FLOPs target as N → ∞; the keep ratio itself where that was given.
    public func limitKeepRatio(layerCount: Int, headShare: Double = 0) throws -> Double {
        guard case .flops(let target) = amount else { return keepRatio ?? 1 }
        let layers = try resolvedLayers(layerCount: layerCount)
        return largest(from: 1e-9) { ratio in
            limitSaving(keepRatio: ratio, layers: layers, layerCount: layerCount, headShare: headShare) >= target
        }
    }

    /// The rows that enter each layer when `rows` rows enter the first.
    public func tokens(entering rows: Int, layerCount: Int) throws -> TokenCounts {
        let ratio = try keepRatio(rows: rows, layerCount: layerCount)
        let layers = try resolvedLayers(layerCount: layerCount)
        let rule = self.rule
        var counts = TokenCounts(perLayer: [], remaining: rows)
        for layer in 0..<layerCount {
            counts.perLayer.append(counts.remaining)
            if layers.contains(layer) {
                counts.remaining = rule.keptCount(of: counts.remaining, keepRatio: ratio)
            }
        }
        return counts
    }

    /// The share of FLOPs that is saved as N → ∞.
    private func limitSaving(keepRatio: Double, layers: [Int], layerCount: Int, headShare: Double) -> Double {
        let share = rule.keptShare(keepRatio: keepRatio)
        return Reduction.saving(entering: 1, layers: layers, layerCount: layerCount, headShare: headShare) {
            $0 * share
        }
    }

    /// The share of FLOPs that is saved when `keep` says how many of the rows stay at each scheduled layer.
    private static func saving(
        entering rows: Double, layers: [Int], layerCount: Int, headShare: Double, keep: (Double) -> Double
    ) -> Double {
        var (remaining, cost, done) = (rows, 0.0, 0)
        for layer in layers {
            cost += remaining * Double(layer + 1 - done)
            remaining = keep(remaining)
            done = layer + 1
        }
        cost += remaining * Double(layerCount - done)
        return 1 - (cost + remaining * headShare) / (rows * (Double(layerCount) + headShare))
    }

    /// The largest number up to 1 that satisfies a condition which `least` satisfies, and every number below one that
    /// does.
    private func largest(from least: Double, where holds: (Double) -> Bool) -> Double {
        if holds(1) { return 1 }
        var (low, high) = (least, 1.0)
        while true {
            let middle = low + (high - low) / 2
            guard middle > low, middle < high else { return low }
            if holds(middle) { low = middle } else { high = middle }
        }
    }
}

/// How many rows of a sequence enter each layer.
public struct TokenCounts: Sendable, Equatable {
    /// The rows that enter each layer, first to last.
    public var perLayer: [Int]
    /// The rows after the last layer, which the head may read.
    public var remaining: Int

    public init(perLayer: [Int], remaining: Int) {
        self.perLayer = perLayer
        self.remaining = remaining
    }

    /// The rows of several sequences together, which have as many layers each; none without a sequence.
    public init(sumOf counts: [TokenCounts]) {
        perLayer = (counts.first?.perLayer.indices ?? 0..<0).map { layer in
            counts.reduce(0) { $0 + $1.perLayer[layer] }
        }
        remaining = counts.reduce(0) { $0 + $1.remaining }
    }

    /// The same with `rows` more rows that run unreduced, such as those that are scored in context scope.
    public func adding(unreduced rows: Int) -> TokenCounts {
        TokenCounts(perLayer: perLayer.map { $0 + rows }, remaining: remaining + rows)
    }

    /// The share of the cost that is saved against running all rows that enter the first layer through every layer.
    ///
    /// - Parameter headShare: the head's cost for a row, in layers; 0 leaves it out.
    public func saving(headShare: Double = 0) -> Double {
        guard let entering = perLayer.first, entering > 0 else { return 0 }
        // Of what is saved, not of what is left, so that nothing saved is exactly 0.
        let saved = Double(perLayer.reduce(0) { $0 + entering - $1 }) + Double(entering - remaining) * headShare
        return saved / (Double(entering) * (Double(perLayer.count) + headShare))
    }
}
