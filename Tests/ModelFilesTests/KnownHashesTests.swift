import Foundation
import ModelFiles
import TestSupport
import Testing

@Suite("Hashes that are known")
struct KnownHashesTests {
    private let scratch: TemporaryFolder
    private let model: URL

    init() throws {
        scratch = try TemporaryFolder()
        model = scratch.url.appendingPathComponent("model")
        try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
        try write(SmallModel(.mamba1, .huggingFace))
    }

    private var known: KnownHashes { KnownHashes(folder: scratch.url.appendingPathComponent("known"), settledAfter: 0) }

    private var notes: [URL] {
        (try? FileManager.default.contentsOfDirectory(at: known.folder, includingPropertiesForKeys: nil)) ?? []
    }

    private func write(_ small: SmallModel) throws {
        let fresh = try TemporaryFolder()
        try small.write(to: fresh)
        for name in try FileManager.default.contentsOfDirectory(atPath: fresh.url.path) {
            try Data(fresh.read(name)).write(to: model.appendingPathComponent(name), options: .atomic)
        }
    }

    /// Makes the note say another hash, so that it shows when it is used.
    private func falsify() throws -> String {
        let note = try #require(notes.first)
        let lines = try String(contentsOf: note, encoding: .utf8).split(separator: "\n")
        let other = String(repeating: "7", count: 64)
        try "\(lines[0])\n\(other)\n".write(to: note, atomically: true, encoding: .utf8)
        return other
    }

    @Test("the first reading is the whole hash, and the next one needs no reading")
    func readOnce() throws {
        let checkpoint = try Checkpoint.open(model)
        let expected = try checkpoint.sha256()
        #expect(try checkpoint.sha256(known: known) == expected)
        #expect(notes.count == 1)
        let noted = try falsify()
        #expect(try Checkpoint.open(model).sha256(known: known) == noted)
        #expect(try checkpoint.sha256(known: nil) == expected)
    }

    @Test(
        "files that were replaced, touched or configured anew are read again",
        arguments: ["replaced", "touched", "configured"])
    func changed(how: String) throws {
        _ = try Checkpoint.open(model).sha256(known: known)
        let noted = try falsify()
        let weights = model.appendingPathComponent("model.safetensors")
        switch how {
        case "replaced":
            var other = SmallModel(.mamba1, .huggingFace)
            other.change("backbone.norm_f.weight") { $0.bytes[0] ^= 1 }
            try write(other)
        case "touched":
            let date = Date(timeIntervalSince1970: 1_000_000_000)
            try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: weights.path)
        default:
            var other = SmallModel(.mamba1, .huggingFace)
            other.config["note"] = "1"
            try Data(other.configText.utf8).write(to: model.appendingPathComponent("config.json"), options: .atomic)
        }
        let checkpoint = try Checkpoint.open(model)
        let expected = try checkpoint.sha256()
        #expect(try checkpoint.sha256(known: known) == expected)
        #expect(expected != noted)
    }

    @Test("a file that has just changed is not noted")
    func fresh() throws {
        let cautious = KnownHashes(folder: known.folder, settledAfter: 86_400)
        let checkpoint = try Checkpoint.open(model)
        let expected = try checkpoint.sha256()
        #expect(try checkpoint.sha256(known: cautious) == expected)
        #expect(notes.isEmpty)
    }

    @Test("a note that is damaged costs a reading", arguments: ["", "7\n7\n", "no lines", "\n\n\n\n"])
    func damaged(text: String) throws {
        _ = try Checkpoint.open(model).sha256(known: known)
        try text.write(to: try #require(notes.first), atomically: true, encoding: .utf8)
        let checkpoint = try Checkpoint.open(model)
        let expected = try checkpoint.sha256()
        #expect(try checkpoint.sha256(known: known) == expected)
    }

    @Test("where nothing can be written the hash is read each time")
    func unwritable() throws {
        try scratch.write("no folder", to: "taken")
        let nowhere = KnownHashes(folder: scratch.url.appendingPathComponent("taken/known"), settledAfter: 0)
        let checkpoint = try Checkpoint.open(model)
        let expected = try checkpoint.sha256()
        #expect(try checkpoint.sha256(known: nowhere) == expected)
    }
}
