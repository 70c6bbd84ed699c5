import Backends
import Mamba
import Operations
import Testing

/// Random's draws, made by another program from the definition that stands beside the method.
private struct Draw: Sendable {
    let seed: Int
    let layer: Int
    let tokens: [Int32]
    let rows: Int
    let gone: [Int]

    static let all: [Draw] = [
        Draw(seed: 0, layer: 0, tokens: [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8], rows: 12, gone: [2, 5, 9, 10, 11]),
        Draw(seed: 1, layer: 0, tokens: [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8], rows: 12, gone: [1, 4, 5, 9, 10]),
        Draw(seed: 0, layer: 1, tokens: [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8], rows: 12, gone: [1, 4, 5, 6, 11]),
        Draw(
            seed: 9_007_199_254_740_991, layer: 47, tokens: [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8], rows: 12,
            gone: [3, 5, 8, 9, 11]),
        Draw(seed: 0, layer: 0, tokens: [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8], rows: 8, gone: [1, 3, 6]),
        Draw(seed: 0, layer: 0, tokens: [8, 5, 3, 5, 6, 2, 9, 5, 1, 4, 1, 3], rows: 12, gone: [0, 1, 2, 10, 11]),
        Draw(seed: 0, layer: 0, tokens: [50279], rows: 1, gone: []),
        Draw(
            seed: 7, layer: 12, tokens: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], rows: 12,
            gone: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11]),
    ]
}

@Suite("Controls that never look at the rows")
struct ControlTests {
    private static let tokens: [Int32] = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]

    @Test("front drops the oldest rows", arguments: zip([1e-9, 0.3, 0.5, 0.93, 1], [9, 7, 5, 0, 0]))
    func front(ratio: Double, dropped: Int) throws {
        let y = [[Float]](repeating: [1], count: 10)
        let decision = try decide(y, Reduction(method: .front, amount: .keepRatio(ratio)), on: ReferenceBackend())
        #expect(decision.hidden == RowReduction(kept: Array(dropped..<10)))
        #expect(decision.residual == decision.hidden)
    }

    @Test("random's draws are those of its definition", arguments: Draw.all)
    private func golden(draw: Draw) throws {
        let y = [[Float]](repeating: [1], count: draw.rows)
        let ratio = Double(draw.rows - draw.gone.count) / Double(draw.rows)
        let reduction = try Reduction(method: .random, amount: .keepRatio(ratio), seed: draw.seed)
        let decision = try decide(y, reduction, tokens: draw.tokens, afterLayer: draw.layer, on: ReferenceBackend())
        #expect(decision.hidden.kept == (0..<draw.rows).filter { !draw.gone.contains($0) })
        #expect(decision.hidden.merges.isEmpty && decision.residual == decision.hidden)
    }

    @Test("random draws anew for another seed, layer or token, and nothing else matters")
    func dependence() throws {
        func kept(seed: Int = 0, layer: Int = 3, tokens: [Int32], y: Float = 1) throws -> [Int] {
            let features = (0..<200).map { [Float($0) * y, y] }
            let reduction = try Reduction(method: .random, amount: .keepRatio(0.5), seed: seed)
            return try decide(features, reduction, tokens: tokens, afterLayer: layer, on: CPUBackend()).hidden.kept
        }
        let first = try kept(tokens: Self.tokens)
        #expect(try kept(tokens: Self.tokens, y: -3) == first)
        #expect(try kept(seed: 1, tokens: Self.tokens) != first)
        #expect(try kept(layer: 4, tokens: Self.tokens) != first)
        #expect(try kept(seed: 3, layer: 0, tokens: Self.tokens) != first)
        #expect(try kept(tokens: Self.tokens.reversed()) != first)
        #expect(try kept(tokens: Self.tokens + [0]) != first)
    }

    @Test("random drops every place about equally often")
    func evenness() throws {
        var dropped = [Int](repeating: 0, count: 10)
        for seed in 0..<4000 {
            let y = [[Float]](repeating: [1], count: 10)
            let reduction = try Reduction(method: .random, amount: .keepRatio(0.7), seed: seed)
            let decision = try decide(y, reduction, tokens: Self.tokens, on: ReferenceBackend())
            for row in 0..<10 where !decision.hidden.kept.contains(row) { dropped[row] += 1 }
        }
        // 1200 expected; the standard deviation is 29.
        #expect(dropped.allSatisfy { abs($0 - 1200) < 120 }, "\(dropped)")
    }
}
