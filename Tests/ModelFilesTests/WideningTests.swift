import Foundation
import ModelFiles
import TestSupport
import Testing

@Suite("Element types")
struct WideningTests {
    /// Every 16-bit pattern, as the embedding of a model.
    private func patterns(_ type: String) throws -> [Float] {
        let scratch = try TemporaryFolder()
        var model = SmallModel(.mamba1, .huggingFace)
        model.config["vocab_size"] = "16384"
        model.change("backbone.embeddings.weight") {
            ($0.type, $0.shape) = (type, [16384, 4])
            $0.bytes = (0...UInt16.max).flatMap { littleEndian($0) }
        }
        try model.write(to: scratch)
        return try Checkpoint.open(scratch.url).tensor("backbone.embedding.weight").floats()
    }

    @Test("every half widens exactly, subnormals, infinities and NaNs too")
    func float16() throws {
        for (bits, value) in zip(0...UInt16.max, try patterns("F16")) {
            let expected = Float(Float16(bitPattern: bits))
            #expect(value.isNaN ? expected.isNaN : value.bitPattern == expected.bitPattern, "\(bits)")
        }
    }

    @Test("every bfloat16 is the upper half of a float32")
    func bfloat16() throws {
        for (bits, value) in zip(0...UInt16.max, try patterns("BF16")) {
            #expect(value.bitPattern == UInt32(bits) << 16)
        }
    }

    @Test("types mix within a file")
    func mixed() throws {
        let scratch = try TemporaryFolder()
        var model = SmallModel(.mamba1, .huggingFace)
        model.change("backbone.norm_f.weight") {
            ($0.type, $0.bytes) = ("BF16", [0x80, 0x3f, 0x00, 0x40, 0x80, 0xbf, 0x00, 0x00])
        }
        try model.write(to: scratch)
        let checkpoint = try Checkpoint.open(scratch.url)
        #expect(try checkpoint.tensor("backbone.norm_f.weight").floats() == [1, 2, -1, 0])
        #expect(try checkpoint.tensor("backbone.embedding.weight").elementType == .float32)
    }
}
