import Foundation
import ModelFiles
import TestSupport
import Testing

/// Damages valid files at random; each must be refused or load, and none may crash or hang.
@Suite("Damaged files")
struct MutationTests {
    /// What is damaged: a whole file, or the pickle before it is packed with a right checksum.
    enum Target: String, CaseIterable, CustomTestStringConvertible {
        case safetensors, archive, pickle, index, huggingFaceConfig, stateSpacesConfig
        var testDescription: String { rawValue }
    }

    @Test("a damaged file is refused or loads", arguments: Target.allCases)
    func damaged(target: Target) throws {
        let scratch = try TemporaryFolder()
        let layout: ModelConfiguration.Layout =
            [.archive, .pickle, .stateSpacesConfig].contains(target) ? .stateSpaces : .huggingFace
        let model = SmallModel(.mamba2, layout)
        try model.write(to: scratch)
        let (name, original) = try material(target, model, scratch)
        var refusals = 0
        for seed in 0..<1500 {
            var random = Random(state: UInt64(seed))
            let bytes = random.damage(original)
            switch target {
            case .pickle: try scratch.write(model.archive(pickle: bytes).file(), to: name)
            default: try scratch.write(bytes, to: name)
            }
            do {
                let checkpoint = try Checkpoint.open(scratch.url)
                for name in checkpoint.tensorNames { _ = try checkpoint.tensor(name).floats() }
            } catch {
                #expect(error.file.hasPrefix(scratch.url.path), "seed \(seed): \(error)")
                refusals += 1
            }
        }
        #expect(refusals > 500, "the damage did not reach what is checked")
    }

    private func material(
        _ target: Target, _ model: SmallModel, _ scratch: TemporaryFolder
    ) throws -> (name: String, bytes: [UInt8]) {
        switch target {
        case .safetensors: return ("model.safetensors", model.safetensors)
        case .archive: return ("pytorch_model.bin", model.archive.file())
        case .pickle: return ("pytorch_model.bin", PickleBuilder.stateDictionary(model.views))
        case .huggingFaceConfig, .stateSpacesConfig: return ("config.json", Array(model.configText.utf8))
        case .index:
            try FileManager.default.removeItem(at: scratch.url.appendingPathComponent("model.safetensors"))
            try scratch.write(model.safetensors, to: "a.safetensors")
            let map = Dictionary(uniqueKeysWithValues: model.tensors.map { ($0.name, "a.safetensors") })
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return ("model.safetensors.index.json", Array(try encoder.encode(["weight_map": map])))
        }
    }
}

/// xorshift64: a small stream that a seed determines.
private struct Random {
    private var state: UInt64

    init(state: UInt64) { self.state = (state &+ 1) &* 0x9e37_79b9_7f4a_7c15 }

    mutating func below(_ bound: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state >> 33) % max(1, bound)
    }

    /// One to four changes: a bit, a byte, a stretch that is missing, doubled or all ones, or the end cut off.
    mutating func damage(_ original: [UInt8]) -> [UInt8] {
        var bytes = original
        for _ in 0...below(4) where !bytes.isEmpty {
            let place = below(bytes.count)
            let stretch = place..<min(bytes.count, place + 1 + below(16))
            switch below(7) {
            case 0: bytes[place] ^= 1 << UInt8(below(8))
            case 1: bytes[place] = UInt8(below(256))
            case 2: bytes.removeSubrange(stretch)
            case 3: bytes.insert(contentsOf: bytes[stretch], at: place)
            case 4: bytes.replaceSubrange(stretch, with: [UInt8](repeating: 0xff, count: stretch.count))
            case 5: bytes.replaceSubrange(stretch, with: Array("-9999999999999999999".utf8.prefix(stretch.count)))
            default: bytes.removeSubrange(place...)
            }
        }
        return bytes
    }
}
