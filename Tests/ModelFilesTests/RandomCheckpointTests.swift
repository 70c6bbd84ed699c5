import Foundation
import ModelFiles
import TestSupport
import Testing

@Suite("Random checkpoints")
struct RandomCheckpointTests {
    private let scratch: TemporaryFolder
    private let target: URL

    init() throws {
        scratch = try TemporaryFolder()
        target = scratch.url.appendingPathComponent("model")
    }

    @Test("what is written is what is drawn in memory", arguments: [PublishedShape.tiny, .tiny2])
    func agrees(shape: PublishedShape) throws {
        try RandomCheckpoint.write(shape, seed: 3, vocabulary: 96, to: target)
        let checkpoint = try Checkpoint.open(target)
        #expect(checkpoint.configuration == shape.configuration(vocabulary: 96))
        #expect(
            try floats(of: checkpoint)
                == floats(of: RandomCheckpoint.model(shape.configuration(vocabulary: 96), seed: 3)))
    }

    @Test("a seed determines every byte, another seed gives another model")
    func deterministic() throws {
        let other = scratch.url.appendingPathComponent("other")
        try RandomCheckpoint.write(.tiny2, seed: 3, vocabulary: 64, elementType: .bfloat16, to: target)
        try RandomCheckpoint.write(.tiny2, seed: 3, vocabulary: 64, elementType: .bfloat16, to: other)
        #expect(try Checkpoint.open(target).sha256() == Checkpoint.open(other).sha256())
        try RandomCheckpoint.write(.tiny2, seed: 4, vocabulary: 64, elementType: .bfloat16, to: other, replacing: true)
        #expect(try Checkpoint.open(target).sha256() != Checkpoint.open(other).sha256())
    }

    @Test("values stay what they are from version to version")
    func golden() throws {
        let model = RandomCheckpoint.model(PublishedShape.tiny.configuration(vocabulary: 8), seed: 0)
        func first(_ name: String) throws -> [Float] { try Array(model.tensor(name).floats().prefix(3)) }
        // Computed apart, in Python, from the definitions of SplitMix64 and FNV-1a.
        #expect(try first("backbone.embedding.weight") == [0.033449598, -0.021368371, 0.017329494])
        #expect(try first("backbone.layers.3.mixer.in_proj.weight") == [-0.062029257, -0.097273126, -0.0044957846])
    }

    @Test("narrow types round to nearest", arguments: [(ElementType.float16, Float(0x1p-11)), (.bfloat16, 0x1p-8)])
    func narrow(type: ElementType, relativeError: Float) throws {
        try RandomCheckpoint.write(.tiny, seed: 5, vocabulary: 96, elementType: type, to: target)
        let exact = RandomCheckpoint.model(PublishedShape.tiny.configuration(vocabulary: 96), seed: 5)
        let checkpoint = try Checkpoint.open(target)
        for name in checkpoint.tensorNames {
            let tensor = try checkpoint.tensor(name)
            #expect(tensor.elementType == type)
            for (value, wanted) in zip(tensor.floats(), try exact.tensor(name).floats()) {
                // Half of the last place, and half of the smallest half where values are subnormal.
                #expect(abs(value - wanted) <= abs(wanted) * relativeError + 0x1p-25)
            }
        }
    }

    @Test("weights are drawn as the papers draw them")
    func distribution() throws {
        let configuration = PublishedShape.tiny.configuration(vocabulary: 2000)
        let model = RandomCheckpoint.model(configuration, seed: 6)
        func values(_ name: String) throws -> [Float] { try model.tensor(name).floats() }
        func deviation(_ values: [Float]) -> Float {
            (values.reduce(0) { $0 + $1 * $1 } / Float(values.count)).squareRoot()
        }
        #expect(abs(deviation(try values("backbone.embedding.weight")) - 0.02) < 2e-4)
        let mixer = "backbone.layers.2.mixer."
        #expect(try values(mixer + "D").allSatisfy { $0 == 1 })
        #expect(try Array(values(mixer + "A_log").prefix(16)) == (1...16).map { Float(log(Double($0))) })
        #expect(try values(mixer + "in_proj.weight").allSatisfy { abs($0) <= 0.125 })
        #expect(try values(mixer + "out_proj.weight").allSatisfy { abs($0) <= 0.0441942 })
        for bias in try values(mixer + "dt_proj.bias") {
            #expect(0.00099...0.1001 ~= log1p(exp(bias)))
        }
        #expect(try values(mixer + "in_proj.weight") != values("backbone.layers.1.mixer.in_proj.weight"))
    }

    @Test(
        "tensors that are drawn when they are read have the values that a file has",
        arguments: [PublishedShape.tiny, .tiny2])
    func drawn(shape: PublishedShape) throws {
        let configuration = shape.configuration(vocabulary: 8)
        let drawn = RandomCheckpoint.drawn(configuration, seed: 5)
        let held = RandomCheckpoint.model(configuration, seed: 5)
        #expect(drawn.tensorNames == held.tensorNames)
        for name in held.tensorNames {
            let (one, other) = (try drawn.tensor(name), try held.tensor(name))
            #expect(
                one.shape == other.shape && one.floats() == other.floats() && one.floats() == one.floats(), "\(name)")
            #expect(one.withUnsafeBytes { one in other.withUnsafeBytes { one.elementsEqual($0) } })
        }
    }

    @Test("weights that are drawn have an identity by shape and seed, told without drawing any")
    func drawnIdentity() throws {
        func identity(_ shape: PublishedShape, _ seed: UInt64) throws -> String {
            try RandomCheckpoint.drawn(shape.configuration(), seed: seed).sha256()
        }
        let summary = try CheckpointSummary(RandomCheckpoint.drawn(PublishedShape.mamba2b8.configuration(), seed: 1))
        #expect(summary.randomSeed == 1 && summary.publishedShape == .mamba2b8 && summary.files.isEmpty)
        #expect(try summary.sha256 == identity(.mamba2b8, 1))
        #expect(try Set([identity(.tiny, 1), identity(.tiny, 2), identity(.tiny2, 1)]).count == 3)
    }

    @Test("a folder that holds something is left alone, unless it is to be replaced")
    func existing() throws {
        try FileManager.default.createDirectory(at: target, withIntermediateDirectories: false)
        try RandomCheckpoint.write(.tiny, seed: 1, vocabulary: 8, to: target)
        let before = try Checkpoint.open(target).sha256()
        let error = #expect(throws: ModelFileError.self) {
            try RandomCheckpoint.write(.tiny, seed: 2, vocabulary: 8, to: target)
        }
        #expect(error?.description == "\(target.path): already holds 2 files; choose another folder or replace it")
        #expect(try Checkpoint.open(target).sha256() == before)
        try scratch.write("mine", to: "model/notes.txt")
        try RandomCheckpoint.write(.tiny, seed: 2, vocabulary: 8, to: target, replacing: true)
        #expect(try Checkpoint.open(target).sha256() != before)
        #expect(try String(decoding: scratch.read("model/notes.txt"), as: UTF8.self) == "mine")
    }

    @Test("a folder that cannot be made is named, and nothing is left behind")
    func unwritable() throws {
        try scratch.write("", to: "file")
        for path in ["file", "file/model"] {
            let url = scratch.url.appendingPathComponent(path)
            let error = #expect(throws: ModelFileError.self) {
                try RandomCheckpoint.write(.tiny, seed: 1, vocabulary: 8, to: url)
            }
            #expect(error?.file == url.path)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.url.path) == ["file"])
    }

    @Test("a model larger than the disk is refused before it is written")
    func diskFull() throws {
        let huge = ModelConfiguration(
            architecture: .mamba1, modelDimension: 1 << 20, layerCount: 1, vocabularySize: 1 << 24)
        let error = #expect(throws: ModelFileError.self) {
            try RandomCheckpoint.write(huge, seed: 1, to: target)
        }
        #expect(error?.reason.contains("bytes, but the disk has") == true, "\(error?.description ?? "")")
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.url.path).isEmpty)
    }
}
