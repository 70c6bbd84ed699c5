import Hashing
import Operations

/// A control that never looks at the rows: r = N − ceil(N·ratio) of them, drawn evenly, go from both branches.
///
/// The draw depends on the seed, the layer and the token ids of the whole sequence and on nothing else, so that a score
/// stays a function of its input. In 64-bit arithmetic that wraps, with SplitMix64's mix, s starts as 0; for the seed,
/// the layer (from 0), the number of tokens and then each token id, as value v, s becomes mix((s xor v) + γ), where
/// γ = 9E3779B97F4A7C15₁₆. SplitMix64 from state s then shuffles the places 0..<N as far as r: for i = 0, …, r − 1,
/// place i is exchanged with place i + floor(x·(N − i)/2⁶⁴), x the next number. The first r places go.
public struct Random: ReductionMethod {
    public let keys: Set<Reduction.Key> = [.seed]

    public init() {}

    public func decide<B: Backend>(
        _ rows: SequenceRows<B>, keepRatio: Double, reduction: Reduction
    ) throws -> ReductionDecision {
        var generator = SplitMix64(state: 0)
        for value in [reduction.seed, rows.layer, rows.tokens.count] { generator.absorb(value) }
        for token in rows.tokens { generator.absorb(Int(token)) }
        let gone = generator.draw(excess(of: rows.count, keepRatio: keepRatio), of: rows.count)
        let both = RowReduction(of: rows.count, pruning: gone)
        return ReductionDecision(hidden: both, residual: both)
    }
}

extension SplitMix64 {
    fileprivate mutating func absorb(_ value: Int) {
        state = SplitMix64.mix((state ^ UInt64(truncatingIfNeeded: value)) &+ SplitMix64.increment)
    }

    /// `count` of the numbers 0..<all, every choice as likely as any other but for 2⁻⁶⁴ parts.
    fileprivate mutating func draw(_ count: Int, of all: Int) -> [Int] {
        var places = Array(0..<all)
        for place in 0..<count {
            let high = next().multipliedFullWidth(by: UInt64(all - place)).high
            places.swapAt(place, place + Int(high))
        }
        return Array(places[..<count])
    }
}
