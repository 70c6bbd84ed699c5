import Backends
import Mamba
import ModelFiles
import Operations
import Scoring
import Testing

@Suite("What a model costs")
struct EfficiencyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let shape: PublishedShape
        let precision: Precision
        let holdsLogits: Bool
        var testDescription: String { "\(shape.rawValue) \(precision.rawValue) \(holdsLogits ? "all" : "last")" }
    }

    static let cases = [PublishedShape.tiny, .tiny2].flatMap { shape in
        CPUBackend.precisions.flatMap { precision in
            [true, false].map { Case(shape: shape, precision: precision, holdsLogits: $0) }
        }
    }

    static func model(
        _ shape: PublishedShape, _ backend: CPUBackend, vocabulary: Int = 512
    ) throws -> LanguageModel<CPUBackend> {
        try LanguageModel(RandomCheckpoint.drawn(shape.configuration(vocabulary: vocabulary), seed: 3), on: backend)
    }

    static func reductions(_ targets: [Double] = [0.1, 0.2, 0.3]) throws -> [Reduction] {
        try [.none] + targets.map { try Reduction(method: .utrc, layers: [0, 1], amount: .flops($0)) }
    }

    @Test("a pass takes no more than was computed before it ran, and more than a third of that", arguments: cases)
    func need(_ given: Case) throws {
        let backend = CPUBackend(precision: given.precision)
        let model = try Self.model(given.shape, backend)
        for reduction in try Self.reductions() {
            let need = try MemoryNeed.pass(
                model.configuration, precision: given.precision, promptTokens: 64, batch: 4, reduction: reduction,
                holdsLogits: given.holdsLogits)
            let cost = try CostMeter(model: model, memory: backend, reduction: reduction)
                .pass(promptTokens: 64, batch: 4, holdsLogits: given.holdsLogits)
            #expect(cost.activationBytes <= need.activations, "\(reduction)")
            #expect(3 * cost.activationBytes > need.activations, "\(reduction)")
            #expect(cost.weightBytes * 9 / 10 <= need.weights + (64 << 10), "\(reduction)")
        }
    }

    @Test("the more tokens go, the less a pass takes that holds all logits", arguments: [PublishedShape.tiny, .tiny2])
    func memory(shape: PublishedShape) throws {
        let backend = CPUBackend()
        // A head that is wide beside the layers, as the published models' is.
        let model = try Self.model(shape, backend, vocabulary: 4096)
        let costs = try Self.reductions().map {
            try CostMeter(model: model, memory: backend, reduction: $0)
                .pass(promptTokens: 64, batch: 4, holdsLogits: true)
        }
        let peaks = costs.map(\.activationBytes)
        #expect(zip(peaks, peaks.dropFirst()).allSatisfy { $0 > $1 }, "\(peaks)")
        #expect(Set(costs.map(\.weightBytes)).count == 1)
        let saved = costs.map(\.flopsReduction)
        #expect(saved[0] == 0 && zip(saved, [0, 0.1, 0.2, 0.3]).allSatisfy { $0 >= $1 - 1e-9 && $0 < $1 + 0.05 })
    }

    @Test("a pass measured again takes the same, whatever ran between")
    func repeatable() throws {
        let backend = CPUBackend()
        let model = try Self.model(.tiny, backend)
        let meter = try CostMeter(model: model, memory: backend, reduction: .none)
        let first = try meter.pass(promptTokens: 64, batch: 2, holdsLogits: true)
        _ = try meter.pass(promptTokens: 128, batch: 3, holdsLogits: false)
        #expect(try meter.pass(promptTokens: 64, batch: 2, holdsLogits: true) == first)
    }

    @Test("generations are timed in pairs, and generate what the generator does without a clock")
    func generations() throws {
        let backend = CPUBackend()
        let model = try Self.model(.tiny2, backend)
        let reduction = try Self.reductions()[2]
        let meter = try CostMeter(model: model, memory: backend, reduction: reduction)
        var asked: [Int] = []
        let cost = try meter.generations(
            promptTokens: 32, batch: 2, newTokens: 3, repeats: 2, rowsTogether: 64, warmUp: 8
        ) {
            asked.append($0)
            return true
        }
        #expect(cost.passes.count == 2 && asked == Array(0..<6))
        for pass in cost.passes {
            #expect(pass.promptSeconds > 0 && pass.stepSeconds > 0)
            #expect(pass.plainPromptSeconds > 0 && pass.plainStepSeconds > 0)
        }
        #expect(cost.activationBytes > 0 && cost.logProbability < 0)
        let requests = (0..<2).map { sequence -> GenerationRequest in
            let places = sequence * 32..<(sequence + 1) * 32
            return GenerationRequest(id: "\(sequence)", tokens: places.map { Int32(($0 * 48_271 + 11) % 512) })
        }
        var times = GenerationTimes()
        let answers = try Generator(model: model, reduction: reduction)
            .generate(requests, within: GenerationLimits(newTokens: 3), times: &times)
        let sum = answers.flatMap(\.logProbabilities).reduce(0, +)
        #expect(cost.logProbability == sum)
    }

    @Test("an unreduced model is its own base, and a generation ends when nobody wants it")
    func alone() throws {
        let backend = CPUBackend()
        let meter = try CostMeter(model: Self.model(.tiny, backend), memory: backend, reduction: .none)
        let cost = try meter.generations(
            promptTokens: 16, batch: 1, newTokens: 2, repeats: 1, rowsTogether: 16, warmUp: 2
        ) { _ in true }
        #expect(cost.passes.allSatisfy { $0.promptSeconds == $0.plainPromptSeconds })
        #expect(throws: CancellationError.self) {
            try meter.generations(
                promptTokens: 16, batch: 1, newTokens: 2, repeats: 1, rowsTogether: 16, warmUp: 2
            ) { $0 < 2 }
        }
    }
}
