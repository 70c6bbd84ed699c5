import Foundation
import ModelFiles
import TestSupport
import Testing

@Suite("Sharded safetensors")
struct ShardTests {
    private let scratch: TemporaryFolder
    private let model = SmallModel(.mamba2, .huggingFace)
    private let index = "/model.safetensors.index.json"

    init() throws {
        scratch = try TemporaryFolder()
        try scratch.write(model.configText, to: "config.json")
        try scratch.write(SafetensorsBuilder.file(Array(model.tensors.prefix(6))), to: "a.safetensors")
        try scratch.write(SafetensorsBuilder.file(Array(model.tensors.dropFirst(6))), to: "b.safetensors")
        try writeIndex { _, _ in }
    }

    /// Writes the true index after `change`.
    private func writeIndex(_ change: (inout [String: String], [String]) -> Void) throws {
        let names = model.tensors.map(\.name)
        var map: [String: String] = [:]
        for (number, name) in names.enumerated() { map[name] = number < 6 ? "a.safetensors" : "b.safetensors" }
        change(&map, names)
        try scratch.write(Array(JSONEncoder().encode(["weight_map": map])), to: "model.safetensors.index.json")
    }

    @Test("shards load as one model")
    func loads() throws {
        #expect(
            try floats(of: Checkpoint.open(scratch.url))
                == floats(of: RandomCheckpoint.model(model.configuration, seed: 7)))
    }

    @Test(
        "a shard that is not a file of the folder is refused",
        arguments: ["../a.safetensors", "/etc/passwd", "x/a.safetensors", "..", "", ".safetensors", "a.bin"])
    func outside(shard: String) throws {
        try writeIndex { map, names in map[names[0]] = shard }
        expectRefusal(
            scratch, file: index, tensor: model.tensors[0].name, reason: "is not the name of a .safetensors file")
    }

    @Test("a shard that is missing is named")
    func missingShard() throws {
        try FileManager.default.removeItem(at: scratch.url.appendingPathComponent("b.safetensors"))
        expectRefusal(scratch, file: "/b.safetensors", reason: "cannot be opened: No such file or directory")
    }

    @Test("a tensor that the index places elsewhere is refused")
    func misplaced() throws {
        try writeIndex { map, names in map[names[0]] = "b.safetensors" }
        expectRefusal(
            scratch, file: "/a.safetensors", tensor: model.tensors[0].name, reason: "has it in b.safetensors")
    }

    @Test("a tensor that no shard holds is named")
    func absent() throws {
        try writeIndex { map, _ in map["backbone.x"] = "a.safetensors" }
        expectRefusal(scratch, file: index, tensor: "backbone.x", reason: "is not in a.safetensors")
    }

    @Test(
        "an index without a map of names is refused",
        arguments: [
            ("{}", "has no weight_map"), (#"{"weight_map": {}}"#, "has no weight_map"),
            (#"{"weight_map": [1]}"#, "has no weight_map"), ("[]", "is not an object"), ("{", "is not valid JSON"),
            ("nonsense", "is not valid JSON"),
        ])
    func malformed(text: String, reason: String) throws {
        try scratch.write(text, to: "model.safetensors.index.json")
        expectRefusal(scratch, file: index, reason: reason)
    }

    @Test("a place that is not a name is refused")
    func notAName() throws {
        try scratch.write(#"{"weight_map": {"w": 7}}"#, to: "model.safetensors.index.json")
        expectRefusal(scratch, file: index, tensor: "w", reason: "its shard is 7, not a name")
    }
}
