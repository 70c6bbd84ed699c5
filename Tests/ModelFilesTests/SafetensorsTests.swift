import Foundation
import ModelFiles
import TestSupport
import Testing

@Suite("Safetensors files")
struct SafetensorsTests {
    private let scratch: TemporaryFolder
    private var model = SmallModel(.mamba1, .huggingFace)
    private let file = "/model.safetensors"
    private let victim = "backbone.layers.1.mixer.D"

    init() throws {
        scratch = try TemporaryFolder()
        try model.write(to: scratch)
    }

    @Test("a small model loads, value for value")
    func loads() throws {
        let checkpoint = try Checkpoint.open(scratch.url)
        let expected = RandomCheckpoint.model(model.configuration, seed: 7)
        #expect(checkpoint.configuration == expected.configuration)
        #expect(try floats(of: checkpoint) == floats(of: expected))
        #expect(checkpoint.files.map(\.lastPathComponent) == ["model.safetensors"])
    }

    @Test("a view outlives the checkpoint")
    func keepsMapping() throws {
        let tensor = try Checkpoint.open(scratch.url).tensor("backbone.norm_f.weight")
        try FileManager.default.removeItem(at: scratch.url)
        #expect(tensor.floats() == [1, 1, 1, 1])
    }

    @Test("values need not be aligned", arguments: 1...7)
    func unaligned(padding: Int) throws {
        let whole = model.safetensors
        let length = Int(whole[0]) + Int(whole[1]) << 8
        let header = String(decoding: whole[8..<8 + length], as: UTF8.self) + String(repeating: " ", count: padding)
        try scratch.write(
            SafetensorsBuilder.file(header: header, values: Array(whole[(8 + length)...])), to: "model.safetensors")
        #expect(
            try floats(of: Checkpoint.open(scratch.url))
                == floats(of: RandomCheckpoint.model(model.configuration, seed: 7)))
    }

    @Test(
        "a file cut anywhere is truncated",
        arguments: [1, 4, 7, 8, 9, 100, 1000])
    func truncatedAt(length: Int) throws {
        try scratch.write(Array(model.safetensors.prefix(length)), to: "model.safetensors")
        expectRefusal(scratch, file: file, reason: "is truncated")
    }

    @Test("a file that lacks the last bytes names the tensor that they belong to")
    func truncatedData() throws {
        try scratch.write(model.safetensors.dropLast(3), to: "model.safetensors")
        expectRefusal(
            scratch, file: file, tensor: "backbone.norm_f.weight", reason: "lie outside the file")
    }

    @Test("an empty file is named")
    func empty() throws {
        try scratch.write([UInt8](), to: "model.safetensors")
        expectRefusal(scratch, file: file, reason: "is empty")
    }

    @Test("a folder in the file's place is named")
    func folder() throws {
        try FileManager.default.removeItem(at: scratch.url.appendingPathComponent("model.safetensors"))
        try FileManager.default.createDirectory(
            at: scratch.url.appendingPathComponent("model.safetensors"), withIntermediateDirectories: false)
        expectRefusal(scratch, file: file, reason: "is not a regular file")
    }

    @Test(
        "a header length beyond all reason is refused",
        arguments: [UInt64.max, 1 << 63, 100_000_001])
    func hugeHeader(length: UInt64) throws {
        try scratch.write(littleEndian(length) + model.safetensors.dropFirst(8), to: "model.safetensors")
        expectRefusal(scratch, file: file, reason: "declares a header of \(length) bytes")
    }

    @Test(
        "offsets that are no range of the file are refused",
        arguments: [
            ((-8, 24), "are not a range"), ((32, 0), "are not a range"), ((0, 1 << 40), "lie outside the file"),
            ((Int.max - 31, Int.max), "lie outside the file"),
        ])
    mutating func offsets(offsets: (Int, Int), reason: String) throws {
        model.change(victim) { $0.offsets = offsets }
        try model.write(to: scratch)
        expectRefusal(scratch, file: file, tensor: victim, reason: reason)
    }

    @Test("tensors that overlap are refused")
    mutating func overlap() throws {
        model.change(victim) { $0.offsets = (0, 32) }
        try model.write(to: scratch)
        expectRefusal(scratch, file: file, tensor: "backbone.embeddings.weight", reason: "overlap")
    }

    @Test("bytes between tensors that belong to none are refused")
    mutating func hole() throws {
        model.tensors.removeAll { $0.name == victim }
        var tensors = model.tensors
        for index in tensors.indices.suffix(1) {
            let end = model.tensors.reduce(0) { $0 + $1.bytes.count }
            tensors[index].offsets = (end - tensors[index].bytes.count + 4, end + 4)
        }
        try scratch.write(SafetensorsBuilder.file(tensors) + [0, 0, 0, 0], to: "model.safetensors")
        expectRefusal(scratch, file: file, tensor: "backbone.norm_f.weight", reason: "4 bytes before its values")
    }

    @Test("bytes after the last tensor are refused")
    func trailing() throws {
        try scratch.write(model.safetensors + [0], to: "model.safetensors")
        expectRefusal(scratch, file: file, reason: "1 bytes at the end belong to no tensor")
    }

    @Test(
        "shape and type must take the bytes that the offsets give",
        arguments: [
            ([9], "F32", "takes 36 bytes, data_offsets give 32"), ([8], "F16", "takes 16 bytes"),
            ([-8], "F32", "is not possible"), ([1 << 62, 1 << 62], "F32", "is not possible"),
        ])
    mutating func sizes(shape: [Int], type: String, reason: String) throws {
        model.change(victim) { ($0.shape, $0.type) = (shape, type) }
        try model.write(to: scratch)
        expectRefusal(scratch, file: file, tensor: victim, reason: reason)
    }

    @Test("a shape that the configuration does not imply is refused with both shapes")
    mutating func wrongShape() throws {
        model.change(victim) { $0.shape = [2, 4] }
        try model.write(to: scratch)
        expectRefusal(scratch, file: file, tensor: victim, reason: "has shape [2, 4], config.json implies [8]")
    }

    @Test("a type that is not supported is refused where the tensor is needed")
    mutating func wrongType() throws {
        model.change(victim) { $0.type = "I32" }
        try model.write(to: scratch)
        expectRefusal(scratch, file: file, tensor: victim, reason: "has type I32; supported: F32, F16, BF16")
    }

    @Test("a tensor that the model does not use may be of any type, and is listed")
    mutating func foreignTensor() throws {
        model.tensors.append(Stored(name: "steps", type: "I64", shape: [1], bytes: [0, 0, 0, 0, 0, 0, 0, 0]))
        try model.write(to: scratch)
        #expect(try Checkpoint.open(scratch.url).ignoredTensors == ["steps"])
    }

    @Test("a tensor of the backbone that the configuration has no place for is refused")
    mutating func extraTensor() throws {
        let name = "backbone.layers.0.mixer.in_proj.bias"
        model.tensors.append(Stored(name: name, type: "F32", shape: [1], bytes: [0, 0, 0, 0]))
        try model.write(to: scratch)
        expectRefusal(scratch, file: file, tensor: name, reason: "config.json has no place for it")
    }

    @Test(
        "a missing tensor is named with the shape that it should have",
        arguments: [
            ("backbone.layers.1.mixer.D", "[8]"), ("backbone.embeddings.weight", "[8, 4]"),
            ("backbone.layers.0.mixer.conv1d.weight", "[8, 1, 4]"),
        ])
    mutating func missing(name: String, shape: String) throws {
        model.remove(name)
        try model.write(to: scratch)
        expectRefusal(scratch, file: file, tensor: name, reason: "is missing; config.json implies shape \(shape)")
    }
}
