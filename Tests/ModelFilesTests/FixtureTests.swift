import Foundation
import ModelFiles
import TestSupport
import Testing

@Suite("Checkpoints of the fixtures", .enabled(if: Shared.isAvailable, Shared.explanation))
struct FixtureTests {
    private func open(_ name: String) throws -> Checkpoint {
        try Checkpoint.open(Shared.url("fixtures/models/\(name)"))
    }

    @Test(
        "all layouts of a model hold the same values",
        arguments: [
            ("m1-hf", "m1-ss"), ("m1-bf16-hf", "m1-bf16-ss"), ("m2-hf", "m2-ss"), ("m2-hf", "m2-hf-sharded"),
            ("m2-fp16-hf", "m2-fp16-ss"),
        ])
    func layoutsAgree(first: String, second: String) throws {
        let (one, other) = (try open(first), try open(second))
        let expected = Set(one.configuration.tensorShapes.map(\.name))
        #expect(expected.isSubset(of: one.tensorNames))
        #expect(expected.isSubset(of: other.tensorNames))
        for name in expected {
            let (a, b) = (try one.tensor(name), try other.tensor(name))
            #expect(a.shape == b.shape)
            #expect(a.elementType == b.elementType)
            #expect(a.floats().map(\.bitPattern) == b.floats().map(\.bitPattern), "\(name)")
        }
    }

    @Test(
        "configurations of both families say the same, but for the norm's groups",
        arguments: [("m1-hf", "m1-ss"), ("m1-bf16-hf", "m1-bf16-ss"), ("m2-hf", "m2-ss"), ("m2-fp16-hf", "m2-fp16-ss")])
    func configurationsAgree(huggingFace: String, stateSpaces: String) throws {
        var configuration = try open(stateSpaces).configuration
        #expect(configuration.layout == .stateSpaces)
        configuration.layout = .huggingFace
        #expect(try open(huggingFace).configuration == configuration)
    }

    @Test(
        "a model's element type is that of its files",
        arguments: [
            ("m1-hf", ElementType.float32), ("m1-bf16-ss", .bfloat16), ("m2-fp16-hf", .float16),
            ("m2-hf-sharded", .float32),
        ])
    func elementTypes(name: String, type: ElementType) throws {
        let checkpoint = try open(name)
        #expect(try Set(checkpoint.tensorNames.map { try checkpoint.tensor($0).elementType }) == [type])
    }

    @Test("a head that is stored apart is a tensor, one that shares the embedding's values is not")
    func heads() throws {
        #expect(try open("m1-bf16-hf").tensorNames.contains("lm_head.weight"))
        #expect(try !open("m1-bf16-ss").tensorNames.contains("lm_head.weight"))
        #expect(try !open("m2-hf").tensorNames.contains("lm_head.weight"))
    }

    @Test("the sharded model lists its weight files by name")
    func shards() throws {
        #expect(
            try open("m2-hf-sharded").files.map(\.lastPathComponent)
                == ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"])
    }

    @Test("the trained model and the harness's model load")
    func largerModels() throws {
        let trained = try Checkpoint.open(Shared.url("models/novels-mamba2-18m-hf"))
        #expect(trained.configuration.parameterCount == 18_058_272)
        #expect(trained.configuration.headCount == 8)
        #expect(try trained.tensor("backbone.embedding.weight").floats().allSatisfy(\.isFinite))
        let harness = try Checkpoint.open(Shared.url("fixtures/lm_eval/model"))
        #expect(harness.configuration.vocabularySize == 50280)
        #expect(harness.configuration.timeStepRank == 2)
    }
}
