import Crypto
import Foundation
import ModelFiles
import TestSupport
import Testing

@Suite("A checkpoint's identity")
struct IdentityTests {
    @Test("the hash is that of the documented bytes")
    func definition() throws {
        let scratch = try TemporaryFolder()
        try SmallModel(.mamba1, .huggingFace).write(to: scratch)
        var bytes = Array("molt checkpoint 1\n".utf8)
        for name in ["config.json", "model.safetensors"] {
            let content = try scratch.read(name)
            bytes += littleEndian(UInt64(name.utf8.count)) + Array(name.utf8)
            bytes += littleEndian(UInt64(content.count)) + content
        }
        let expected = SHA256.hash(data: bytes).map { String(UInt16($0) + 256, radix: 16).dropFirst() }.joined()
        #expect(try Checkpoint.open(scratch.url).sha256() == expected)
    }

    @Test("it does not depend on the folder, but on the content of every file")
    func content() throws {
        let (one, other) = (try TemporaryFolder(), try TemporaryFolder())
        var model = SmallModel(.mamba2, .stateSpaces)
        try model.write(to: one)
        try model.write(to: other)
        let hash = try Checkpoint.open(one.url).sha256()
        #expect(try Checkpoint.open(other.url).sha256() == hash)
        model.change("backbone.norm_f.weight") { $0.bytes[0] ^= 1 }
        try model.write(to: other)
        #expect(try Checkpoint.open(other.url).sha256() != hash)
        model = SmallModel(.mamba2, .stateSpaces)
        model.config["note"] = "1"
        try model.write(to: other)
        #expect(try Checkpoint.open(other.url).sha256() != hash)
    }

    @Test("a model in memory is known by its configuration and values")
    func inMemory() throws {
        let configuration = SmallModel(.mamba1, .huggingFace).configuration
        let hash = try RandomCheckpoint.model(configuration, seed: 1).sha256()
        #expect(hash.count == 64)
        #expect(try RandomCheckpoint.model(configuration, seed: 1).sha256() == hash)
        #expect(try RandomCheckpoint.model(configuration, seed: 2).sha256() != hash)
    }
}
