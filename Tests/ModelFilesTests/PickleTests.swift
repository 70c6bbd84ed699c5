import Foundation
import ModelFiles
import TestSupport
import Testing

@Suite("Pickles")
struct PickleTests {
    private let scratch: TemporaryFolder
    private let model = SmallModel(.mamba1, .stateSpaces)
    private let file = "/pytorch_model.bin"
    private typealias Build = PickleBuilder

    init() throws {
        scratch = try TemporaryFolder()
        try model.write(to: scratch)
    }

    private func write(_ pickle: [UInt8]) throws {
        try scratch.write(model.archive(pickle: pickle).file(), to: "pytorch_model.bin")
    }

    private func expectLoads() throws {
        #expect(
            try floats(of: Checkpoint.open(scratch.url))
                == floats(of: RandomCheckpoint.model(model.configuration, seed: 7)))
    }

    @Test(
        "a foreign global is named and not run",
        arguments: [
            ("posix", "system"), ("os", "system"), ("builtins", "eval"), ("collections", "Counter"),
            ("torch", "DoubleStorage"), ("torch.storage", "UntypedStorage"), ("torch._utils", "_rebuild_tensor_v3"),
            ("torch._utils._rebuild_tensor_v2", ""), ("", ""),
        ])
    func foreignGlobal(module: String, name: String) throws {
        let marker = scratch.url.appendingPathComponent("was-run").path
        let call = Build.call(Build.global(module, name), Build.tuple(Build.text("touch \(marker)")))
        try write(Build.dictionary([("backbone.norm_f.weight", call)]))
        expectRefusal(
            scratch, file: file, tensor: "backbone.norm_f.weight",
            reason: "names the global '\(module).\(name)', which was not run; allowed: collections.OrderedDict")
        #expect(!FileManager.default.fileExists(atPath: marker))
    }

    @Test("a foreign global is refused by way of the stack too")
    func stackGlobal() throws {
        try write([0x80, 4, 0x8c, 5] + Array("posix".utf8) + [0x8c, 6] + Array("system".utf8) + [0x93] + Build.stop)
        expectRefusal(scratch, file: file, reason: "names the global 'posix.system'")
    }

    @Test(
        "instructions that no state_dict needs are refused by their code",
        arguments: ["i", "o", "\u{81}", "\u{92}", "P", "0", "2", "p", "I", "l", "]", "V", "G", "\u{98}", "\u{00}"])
    func foreignInstruction(instruction: Character) throws {
        let code = UInt8(truncatingIfNeeded: instruction.unicodeScalars.first?.value ?? 0)
        try write(Build.start + Build.emptyDictionary + [code] + Build.stop)
        expectRefusal(
            scratch, file: file, reason: "has the instruction 0x\(String(code, radix: 16)), which no state_dict needs")
    }

    @Test(
        "a program that ends early or takes what is not there is refused",
        arguments: [
            ("", "ends without its stop"), ("}", "ends without its stop"), (".", "takes a value that is not there"),
            ("u.", "takes values up to a mark"), ("(u.", "sets items of what is not a dictionary"),
            ("}(K\u{1}u.", "sets items of what is not"), ("s", "takes a value"), ("}(\u{85}", "takes a value"),
            ("R", "takes a value"), ("}}R", "calls what is not a function"), ("Nb", "sets attributes of what is not"),
            ("NNb", "sets attributes of what is not"), ("Q", "takes a value"), (")Q", "refers to a storage in a form"),
            ("q\u{1}", "remembers a value that is not there"), ("h\u{1}", "recalls a value that it never"),
            ("j", "recalls a value that it never"), ("K", "is truncated"), ("J\u{1}", "is truncated"),
            ("cposix\nsystem", "is truncated"), ("X\u{7f}\u{7f}\u{7f}\u{7f}a", "has a string of 2139062143 bytes"),
            ("N.", "its outermost value is not a dictionary"), ("N}.", "its outermost value is not a dictionary"),
            ("}(NNu.", "a key of the dictionary is not a string"),
            ("ctorch\nFloatStorage\n)R", "calls a storage type"),
            ("ccollections\nOrderedDict\n(K\u{1}tR", "gives OrderedDict 1 arguments"),
            ("ctorch._utils\n_rebuild_tensor_v2\n)R", "makes a tensor in a form"),
            ("ctorch._utils\n_rebuild_parameter\n)R", "makes a parameter of what is not"),
        ])
    func malformed(program: String, reason: String) throws {
        try write(Build.start + program.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
        expectRefusal(scratch, file: file, reason: reason)
    }

    @Test("a value that is not a tensor is named by its key")
    func notATensor() throws {
        try write(Build.dictionary([("epoch", Build.integer(3))]))
        expectRefusal(scratch, file: file, tensor: "epoch", reason: "is not a tensor; the file must hold a state_dict")
    }

    @Test(
        "a program that only grows is stopped",
        arguments: [
            ("N", "has more than 65536 values at once"), ("(", "has more than 65536 marks at once"),
            ("}", "has more than 65536 values at once"),
        ])
    func runaway(instruction: String, reason: String) throws {
        let code = Array(instruction.utf8)[0]
        try write(Build.start + [UInt8](repeating: code, count: 1_000_000))
        expectRefusal(scratch, file: file, reason: reason)
    }

    @Test("a memo that only grows is stopped by the pickle's size")
    func runawayMemo() throws {
        var pickle = Build.start + Build.emptyDictionary
        for key in 0..<900_000 { pickle += Array("r".utf8) + littleEndian(UInt32(key)) }
        try write(pickle)
        expectRefusal(scratch, file: file, reason: "its pickle has 4500003 bytes, above the limit of 4194304")
        try write([0x80, 4] + Build.emptyDictionary + [UInt8](repeating: 0x94, count: 3_000_000))
        expectRefusal(scratch, file: file, reason: "remembers more than 1048576 values")
    }

    @Test("nesting and cycles of any depth cost no stack")
    func nesting() throws {
        try write(Build.start + Build.emptyDictionary + Array(repeating: 0x85, count: 1_000_000) + Build.stop)
        expectRefusal(scratch, file: file, reason: "its outermost value is not a dictionary")
        let cycle = Array("q\u{1}(".utf8) + Build.text("a") + Array("h\u{1}u.".utf8)
        try write(Build.start + Build.emptyDictionary + cycle)
        expectRefusal(scratch, file: file, tensor: "a", reason: "is not a tensor")
    }

    @Test("what torch.save writes besides tensors is read: OrderedDict, metadata, parameters")
    func otherForms() throws {
        var pickle = Build.start + Build.call(Build.global("collections", "OrderedDict"), Array(")".utf8)) + Build.mark
        for view in model.views {
            let hooks = Build.call(Build.global("collections", "OrderedDict"), Array(")".utf8))
            pickle += Build.text(view.name)
            pickle += Build.call(
                Build.global("torch._utils", "_rebuild_parameter"),
                Build.tuple(Build.tensor(view), [0x88], hooks))
        }
        let metadata = Build.text("") + Build.emptyDictionary + Build.text("version") + Array("K\u{1}s".utf8)
        pickle += Array("u}".utf8) + Build.text("_metadata") + Build.emptyDictionary + metadata + Array("ssb.".utf8)
        try write(pickle)
        try expectLoads()
    }

    @Test("protocol 4 is read, others than 2 to 5 are refused")
    func protocols() throws {
        var pickle = Build.stateDictionary(model.views)
        pickle.replaceSubrange(0..<2, with: [0x80, 4, 0x95] + littleEndian(UInt64(pickle.count)))
        try write(pickle)
        try expectLoads()
        try write([0x80, 1] + Build.emptyDictionary + Build.stop)
        expectRefusal(scratch, file: file, reason: "is of protocol 1; supported: 2 to 5")
    }
}
