import Foundation
import ModelFiles
import TestSupport
import Testing

@Suite("Published shapes and summaries")
struct PublishedShapeTests {
    @Test(
        "parameter counts are those of the published models",
        arguments: [
            (PublishedShape.mamba130m, 129_135_360), (.mamba370m, 371_516_416), (.mamba790m, 793_204_224),
            (.mamba1b4, 1_372_178_432), (.mamba2b8, 2_768_345_600), (.mamba2of130m, 128_989_632),
            (.mamba2of2b7, 2_702_599_680),
        ])
    func parameters(shape: PublishedShape, count: Int) {
        #expect(shape.configuration().parameterCount == count)
        #expect(shape.configuration().tensorShapes.reduce(0) { $0 + $1.shape.reduce(1, *) } == count)
    }

    @Test("a shape is known by its dimensions, whatever its vocabulary and layout", arguments: PublishedShape.allCases)
    func matching(shape: PublishedShape) {
        var configuration = shape.configuration(vocabulary: 99)
        configuration.layout = .stateSpaces
        #expect(PublishedShape(configuration) == shape)
        configuration.layerCount += 1
        #expect(PublishedShape(configuration) == nil)
    }

    @Test("a summary says what a checkpoint is")
    func summary() throws {
        let scratch = try TemporaryFolder()
        let folder = scratch.url.appendingPathComponent("model")
        try RandomCheckpoint.write(.tiny2, seed: 1, vocabulary: 100, elementType: .float16, to: folder)
        let checkpoint = try Checkpoint.open(folder)
        let size = try Data(contentsOf: checkpoint.files[0]).count
        let lines = try CheckpointSummary(checkpoint).description.split(separator: "\n").map(String.init)
        #expect(
            lines == [
                "architecture  Mamba-2", "layout        Hugging Face", "shape         tiny2",
                "dimensions    layers 4, D 64, E 128, N 16, K 4, heads 8, headdim 16, groups 1",
                "embedding     100 rows", "head          the embedding (tied)", "parameters    119,072",
                "F16           38 tensors, 119,072 values",
                "file          model.safetensors, \(size / 1000),\(size % 1000) bytes",
                "sha256        \(try checkpoint.sha256())",
            ])
    }

    @Test("a summary names mixed types, a head of its own, and tensors that are not used")
    func unusual() throws {
        let scratch = try TemporaryFolder()
        var model = SmallModel(.mamba1, .huggingFace)
        model.tensors.append(
            Stored(name: "lm_head.weight", type: "BF16", shape: [8, 4], bytes: Array(repeating: 0, count: 64)))
        model.tensors.append(Stored(name: "steps", type: "I64", shape: [], bytes: Array(repeating: 0, count: 8)))
        try model.write(to: scratch)
        let summary = try CheckpointSummary(Checkpoint.open(scratch.url))
        #expect(summary.publishedShape == nil)
        #expect(!summary.tiedHead)
        #expect(summary.ignoredTensors == ["steps"])
        #expect(summary.elementTypes.map(\.type) == [.float32, .bfloat16])
        #expect(summary.elementTypes.map(\.tensors) == [model.tensors.count - 2, 1])
        #expect(summary.description.contains("head          stored apart (lm_head.weight)"))
    }

    @Test("a summary survives JSON")
    func json() throws {
        let model = RandomCheckpoint.model(PublishedShape.tiny.configuration(vocabulary: 8), seed: 1)
        let summary = try CheckpointSummary(model)
        let data = try JSONEncoder().encode(summary)
        #expect(try JSONDecoder().decode(CheckpointSummary.self, from: data) == summary)
        #expect(String(decoding: data, as: UTF8.self).contains(#""published_shape":"tiny""#))
    }
}
