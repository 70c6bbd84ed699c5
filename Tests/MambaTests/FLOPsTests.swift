import Mamba
import ModelFiles
import TestSupport
import Testing

/// `unit/flops.json`
private struct UnitFLOPs: Decodable {
    struct Layer: Decodable {
        let inProj: Int
        let conv: Int
        let xProj: Int
        let dtProj: Int
        let scan: Int
        let outProj: Int
    }
    struct Kept: Decodable {
        let n: Int
        let ratio: Double
        /// By method.
        let kept: [String: Int]

        init(from decoder: any Decoder) throws {
            let numbers = try [String: Double](from: decoder)
            (n, ratio) = (Int(numbers["n", default: 0]), numbers["ratio", default: 0])
            kept = numbers.mapValues { Int($0) }
        }
    }
    struct Total: Decodable {
        let model: String
        let n: Int
        let layers: [Int]
        let keepRatio: Double
        let total: Int
        let withHead: Int
        let reduction: Double
    }
    struct Solved: Decodable {
        let model: String
        let n: Int
        let layers: [Int]
        let target: Double
        let includeHead: Bool
        let keepRatio: Double
        let achieved: Double
        let continuous: Double
    }
    let perLayerPerToken: [String: Layer]
    let headPerToken: [String: Int]
    let numKeep: [Kept]
    let totals: [Total]
    let solve: [Solved]
}

@Suite("FLOPs and keep ratios")
struct FLOPsTests {
    @Test("the rows of several sequences add up layer by layer")
    func sums() {
        let counts = [
            TokenCounts(perLayer: [8, 8, 5], remaining: 4), TokenCounts(perLayer: [3, 3, 3], remaining: 2),
        ]
        #expect(TokenCounts(sumOf: counts) == TokenCounts(perLayer: [11, 11, 8], remaining: 6))
        #expect(TokenCounts(sumOf: []) == TokenCounts(perLayer: [], remaining: 0))
    }

    private static let shapes: [String: ModelConfiguration] = [
        "mamba-1.4b": ModelConfiguration(
            architecture: .mamba1, modelDimension: 2048, layerCount: 48, vocabularySize: 50280),
        "mamba-2.8b": ModelConfiguration(
            architecture: .mamba1, modelDimension: 2560, layerCount: 64, vocabularySize: 50280),
        "mamba2-1.3b": ModelConfiguration(
            architecture: .mamba2, modelDimension: 2048, layerCount: 48, vocabularySize: 50288),
        "mamba2-2.7b": ModelConfiguration(
            architecture: .mamba2, modelDimension: 2560, layerCount: 64, vocabularySize: 50288),
    ]

    private static func flops(_ model: String) throws -> FLOPs { FLOPs(try #require(shapes[model])) }

    @Test(
        "a layer and the head cost what the golden table says", .enabled(if: Shared.isAvailable, Shared.explanation))
    func parts() throws {
        let golden: UnitFLOPs = try Golden.read("unit/flops.json")
        #expect(golden.perLayerPerToken.count == 4)
        for (model, layer) in golden.perLayerPerToken {
            let flops = try Self.flops(model)
            #expect(flops.layer.inProjection == layer.inProj)
            #expect(flops.layer.convolution == layer.conv)
            #expect(flops.layer.xProjection == layer.xProj)
            #expect(flops.layer.timeStepProjection == layer.dtProj)
            #expect(flops.layer.scan == layer.scan)
            #expect(flops.layer.outProjection == layer.outProj)
            #expect(flops.head == golden.headPerToken[model])
        }
    }

    @Test(
        "a method keeps the golden number of rows", .enabled(if: Shared.isAvailable, Shared.explanation),
        arguments: Golden.methods)
    func kept(method: Reduction.Method) throws {
        let golden: UnitFLOPs = try Golden.read("unit/flops.json")
        for item in golden.numKeep {
            let kept = method.rule().keptCount(of: item.n, keepRatio: item.ratio)
            #expect(kept == item.kept[method.rawValue], "\(item)")
        }
    }

    @Test("the share of rows that is left is what a long sequence tends to", arguments: Definition.all)
    func keptShare(definition: Definition) {
        let rule = definition.method.rule(definition.variant)
        for ratio in [1e-9, 0.1, 0.3, 1.0 / 3, 0.4, 0.5, 0.7, 0.95, 1] {
            let kept = rule.keptCount(of: 1_000_000, keepRatio: ratio)
            #expect(abs(Double(kept) / 1_000_000 - rule.keptShare(keepRatio: ratio)) < 3e-6, "\(ratio)")
        }
    }

    @Test("totals and savings are golden", .enabled(if: Shared.isAvailable, Shared.explanation))
    func totals() throws {
        let golden: UnitFLOPs = try Golden.read("unit/flops.json")
        for item in golden.totals {
            let flops = try Self.flops(item.model)
            let reduction = try Reduction(method: .utrc, amount: .keepRatio(item.keepRatio))
            #expect(try reduction.resolvedLayers(layerCount: flops.layerCount) == item.layers)
            let tokens = try reduction.tokens(entering: item.n, layerCount: flops.layerCount)
            #expect(flops.total(tokens, includingHead: false) == item.total, "\(item)")
            #expect(flops.total(tokens, includingHead: true) == item.withHead, "\(item)")
            #expect(abs(flops.saving(tokens, includingHead: false) - item.reduction) < 1e-12, "\(item)")
        }
    }

    @Test("solved keep ratios are golden", .enabled(if: Shared.isAvailable, Shared.explanation))
    func solved() throws {
        let golden: UnitFLOPs = try Golden.read("unit/flops.json")
        for item in golden.solve {
            let flops = try Self.flops(item.model)
            let headShare = item.includeHead ? flops.headShare : 0
            let reduction = try Reduction(method: .utrc, amount: .flops(item.target))
            let ratio = try reduction.keepRatio(rows: item.n, layerCount: flops.layerCount, headShare: headShare)
            #expect(abs(ratio - item.keepRatio) < 1e-9, "\(item)")
            let below = try Reduction(method: .utrc, amount: .keepRatio(ratio - 1e-9))
            let tokens = try below.tokens(entering: item.n, layerCount: flops.layerCount)
            #expect(abs(flops.saving(tokens, includingHead: item.includeHead) - item.achieved) < 1e-6, "\(item)")
            let limit = try reduction.limitKeepRatio(layerCount: flops.layerCount, headShare: headShare)
            #expect(abs(limit - item.continuous) < 1e-9, "\(item)")
        }
    }

    @Test("the paper's schedules solve to the ratios of its settings")
    func limits() throws {
        for (layerCount, ratios) in [64: [0.9729, 0.9415, 0.9043], 48: [0.9651, 0.9248, 0.8768]] {
            for (target, ratio) in zip([0.1, 0.2, 0.3], ratios) {
                let reduction = try Reduction(method: .utrc, amount: .flops(target))
                #expect(abs(try reduction.limitKeepRatio(layerCount: layerCount) - ratio) < 5e-5)
            }
        }
    }

    @Test(
        "a target is met wherever it can be, and a short sequence sheds what it can", arguments: Definition.all, 0...40)
    func everyLength(definition: Definition, rows: Int) throws {
        let reduction = try definition.reduction(.flops(0.2), layers: [1, 3])
        let tokens = try reduction.tokens(entering: rows, layerCount: 5)
        #expect(tokens.remaining >= min(rows, 1))
        let most = try definition.reduction(.keepRatio(1e-9), layers: [1, 3])
        let possible = try most.tokens(entering: rows, layerCount: 5).saving()
        #expect(tokens.saving() >= min(0.2, possible))
    }

    @Test("rows that are scored unreduced count in full")
    func unreduced() throws {
        let reduction = try Reduction(method: .utrc, layers: [0], amount: .keepRatio(0.5))
        let prefix = try reduction.tokens(entering: 8, layerCount: 2)
        #expect(prefix == TokenCounts(perLayer: [8, 4], remaining: 4))
        #expect(prefix.saving() == 0.25)
        #expect(prefix.adding(unreduced: 8).saving() == 0.125)
        #expect(TokenCounts(perLayer: [], remaining: 0).saving() == 0)
    }
}
