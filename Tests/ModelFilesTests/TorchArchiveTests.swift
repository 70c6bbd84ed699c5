import Foundation
import ModelFiles
import TestSupport
import Testing

@Suite("torch.save archives")
struct TorchArchiveTests {
    private let scratch: TemporaryFolder
    private let model = SmallModel(.mamba2, .stateSpaces)
    private let file = "/pytorch_model.bin"

    init() throws {
        scratch = try TemporaryFolder()
        try model.write(to: scratch)
    }

    private func write(_ archive: ZipBuilder) throws { try scratch.write(archive.file(), to: "pytorch_model.bin") }

    private func expectLoads() throws {
        #expect(
            try floats(of: Checkpoint.open(scratch.url))
                == floats(of: RandomCheckpoint.model(model.configuration, seed: 7)))
    }

    @Test("a small model loads, whatever folder its entries are in", arguments: ["archive", "pytorch_model", "a/b"])
    func loads(prefix: String) throws {
        try write(model.archive(pickle: PickleBuilder.stateDictionary(model.views), prefix: prefix))
        try expectLoads()
    }

    @Test("sizes in 64 bits and a comment at the end are read")
    func wide() throws {
        var archive = model.archive
        archive.isWide = true
        try write(archive)
        try expectLoads()
        archive.comment = Array("PK\u{5}\u{6} is not the end".utf8)
        try write(archive)
        try expectLoads()
    }

    @Test(
        "an entry that is not plain is refused",
        arguments: [
            (UInt16(8), UInt16(0), "is compressed (method 8)"), (0, 1, "is encrypted"), (99, 1, "is encrypted"),
            (12, 0, "is compressed (method 12)"),
        ])
    func notStored(method: UInt16, flags: UInt16, reason: String) throws {
        var archive = model.archive
        archive.entries[2].method = method
        archive.entries[2].flags = flags
        try write(archive)
        expectRefusal(scratch, file: file, reason: "entry 'archive/data/0' \(reason)")
    }

    @Test("a declared size that the file does not hold is refused: nothing is inflated")
    func bomb() throws {
        var archive = model.archive
        archive.entries[2].declaredSize = 0xffff_fff0
        try write(archive)
        expectRefusal(scratch, file: file, reason: "declares 4294967280 bytes in 128 stored ones")
        archive.entries[2].bytes = []
        archive.isWide = true
        try write(archive)
        expectRefusal(scratch, file: file, reason: "declares 4294967280 bytes at")
    }

    @Test("entries that share bytes are refused")
    func overlap() throws {
        var archive = model.archive
        archive.entries[2].bytes = archive.entries[3].bytes
        archive.isWide = true
        archive.entries[2].declaredSize = UInt32(archive.entries[2].bytes.count + 40)
        try write(archive)
        expectRefusal(scratch, file: file, reason: "entry 'archive/data/1' overlaps 'archive/data/0'")
    }

    @Test("a directory that contradicts the entries is refused")
    func contradiction() throws {
        var archive = model.archive
        archive.entries[3].headerOffset = 0
        try write(archive)
        expectRefusal(scratch, file: file, reason: "entry 'archive/data/1' has a header at byte 0 that contradicts")
        archive.entries[3].headerOffset = 0x7fff_ffff
        try write(archive)
        expectRefusal(scratch, file: file, reason: "entry 'archive/data/1' has no header at byte 2147483647")
        archive = model.archive
        archive.entries.append(archive.entries[4])
        try write(archive)
        expectRefusal(scratch, file: file, reason: "holds the entry 'archive/data/2' twice")
    }

    @Test(
        "a number of entries that the directory cannot hold is refused",
        arguments: [(UInt16(60000), "declares 60000 entries"), (30, "is damaged at byte")])
    func entryCount(count: UInt16, reason: String) throws {
        var archive = model.archive
        archive.declaredEntries = count
        try write(archive)
        expectRefusal(scratch, file: file, reason: reason)
    }

    @Test("an archive that is cut off is refused", arguments: [1, 10, 22, 100, 1000, 2000])
    func truncated(missing: Int) throws {
        try scratch.write(model.archive.file().dropLast(missing), to: "pytorch_model.bin")
        expectRefusal(scratch, file: file, reason: "is it truncated?")
    }

    @Test(
        "bytes that are no archive are refused",
        arguments: [
            ([], "is empty"), (Array("<html>".utf8), "is not a whole zip file"),
            ([0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c], "from before torch 1.6"),
        ])
    func notAnArchive(bytes: [UInt8], reason: String) throws {
        try scratch.write(bytes, to: "pytorch_model.bin")
        expectRefusal(scratch, file: file, reason: reason)
    }

    @Test("values of the other byte order are refused")
    func bigEndian() throws {
        var archive = model.archive
        archive.entries[1].bytes = Array("big".utf8)
        try write(archive)
        expectRefusal(scratch, file: file, reason: "byte order 'big' is not supported")
        archive.entries.remove(at: 1)
        try write(archive)
        try expectLoads()
    }

    @Test("an archive without a pickle, or with two, is refused")
    func pickles() throws {
        var archive = model.archive
        archive.entries[0].name = "archive/code.py"
        try write(archive)
        expectRefusal(scratch, file: file, reason: "holds no entries data.pkl")
        archive = model.archive
        archive.entries[3].name = "other/data.pkl"
        try write(archive)
        expectRefusal(scratch, file: file, reason: "holds 2 entries data.pkl")
    }

    @Test("a damaged pickle is found by its checksum")
    func checksum() throws {
        var bytes = model.archive.file()
        bytes[60] ^= 1
        try scratch.write(bytes, to: "pytorch_model.bin")
        expectRefusal(scratch, file: file, reason: "entry 'archive/data.pkl' is damaged: its checksum is wrong")
    }
}
