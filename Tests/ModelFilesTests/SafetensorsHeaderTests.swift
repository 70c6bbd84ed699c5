import Foundation
import ModelFiles
import TestSupport
import Testing

@Suite("Safetensors headers")
struct SafetensorsHeaderTests {
    private let scratch: TemporaryFolder

    init() throws {
        scratch = try TemporaryFolder()
        try SmallModel(.mamba1, .huggingFace).write(to: scratch)
    }

    @Test(
        "a header that is not what the format allows is refused, not read",
        arguments: [
            ("", "does not begin with '{'"),
            ("[]", "does not begin with '{'"),
            ("  {}", "does not begin with '{'"),
            ("{", "is not valid"),
            (#"{"a"#, "JSON ends within a string"),
            (#"{"a":"#, "is not valid"),
            (#"{"a":{"dtype":"F32","shape":[1]}}"#, "'data_offsets' is missing"),
            (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#, "has 1 numbers, not 2"),
            (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,1e99]}}"#, "is not valid"),
            (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999999999999999]}}"#, "is not valid"),
            (#"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#, "is not valid"),
            (#"{"a":{"dtype":"F32","shape":[Infinity],"data_offsets":[0,4]}}"#, "'Infinity' at byte 29 is not JSON"),
            (#"{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}"#, "'NaN' at byte 29 is not JSON"),
            (#"{"a":{"dtype":7,"shape":[1],"data_offsets":[0,4]}}"#, "is not valid"),
            (#"{"a":null}"#, "is not valid"),
            (#"{"a":{}} {"b":{}}"#, "is not valid"),
            (#"{"__metadata__":{"format":{}}}"#, "is not valid"),
        ])
    func malformed(header: String, reason: String) throws {
        try scratch.write(SafetensorsBuilder.file(header: header, values: [0, 0, 0, 0]), to: "model.safetensors")
        let error = #expect(throws: ModelFileError.self) { try Checkpoint.open(scratch.url) }
        #expect(error?.file == scratch.url.path + "/model.safetensors")
        #expect(error?.reason.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test("bytes that are not UTF-8 are refused")
    func notText() throws {
        let header: [UInt8] = Array(#"{"a"#.utf8) + [0xff, 0xfe] + Array(#"":1}"#.utf8)
        try scratch.write(littleEndian(UInt64(header.count)) + header, to: "model.safetensors")
        expectRefusal(scratch, file: "/model.safetensors", reason: "is not valid")
    }

    @Test(
        "nesting of any depth is refused without recursion",
        arguments: [40, 100_000, 5_000_000])
    func nesting(depth: Int) throws {
        let header = #"{"a":"# + String(repeating: "[", count: depth)
        try scratch.write(SafetensorsBuilder.file(header: header, values: []), to: "model.safetensors")
        expectRefusal(scratch, file: "/model.safetensors", reason: "is nested deeper than 32 levels")
    }

    @Test("values without end are refused before they are parsed")
    func manyValues() throws {
        let header = #"{"a":["# + String(repeating: "0,", count: 2_000_001) + "0]}"
        try scratch.write(SafetensorsBuilder.file(header: header, values: []), to: "model.safetensors")
        expectRefusal(scratch, file: "/model.safetensors", reason: "more than 2000000 values")
    }

    @Test(
        "a tensor that is declared twice is refused, in whatever spelling",
        arguments: ["w", "\\u0077"])
    func duplicates(spelling: String) throws {
        let entry = #"{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#
        let header = #"{"w":\#(entry),"\#(spelling)":\#(entry)}"#
        try scratch.write(SafetensorsBuilder.file(header: header, values: [0, 0, 0, 0]), to: "model.safetensors")
        expectRefusal(scratch, file: "/model.safetensors", reason: #"the key "w" is written twice"#)
    }
}
