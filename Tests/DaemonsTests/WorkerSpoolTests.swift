import Cluster
import Daemons
import Foundation
import Messaging
import Synchronization
import TestSupport
import Testing
import Wire

@Suite("A worker's spool on disk")
struct WorkerSpoolTests {
    let folder: TemporaryFolder
    let key: CurvePublicKey
    let notes = Notes()
    let clock = Clock()

    /// What an operator was told.
    final class Notes: Sendable {
        private let texts = Mutex<[String]>([])
        var all: [String] { texts.withLock { $0 } }
        func add(_ text: String) { texts.withLock { $0.append(text) } }
    }

    /// A wall clock that tests set.
    final class Clock: Sendable {
        private let seconds = Mutex(1_000_000.0)
        var now: Double { seconds.withLock { $0 } }
        func advance(by span: Double) { seconds.withLock { $0 += span } }
    }

    init() throws {
        folder = try TemporaryFolder()
        key = try CurveKeyPair.generate().publicKey
    }

    private func open(
        _ name: String = "spool", engine: String = Batches.engine, limitBytes: Int = 512 << 20
    ) throws -> WorkerSpool {
        try WorkerSpool(
            in: folder.url.appendingPathComponent(name), key: key, engine: engine, limitBytes: limitBytes,
            now: { [clock] in clock.now }, note: { [notes] in notes.add($0) })
    }

    private func rows(of spool: WorkerSpool) -> String { spool.folder.appendingPathComponent("rows").path }

    @Test("what was kept and not discarded is there at the next start, in order, for its owner only")
    func restart() throws {
        try withExtendedLifetime(open()) { spool in
            for number in 1...5 { spool.keep(Batches.batch(UInt64(number))) }
            spool.discard(Batches.batch(2).lease, batch: 2)
            spool.discard(Batches.batch(2).lease, batch: 17)
            let modes = [try mode(spool.folder.path), try mode(rows(of: spool))]
            #expect(modes == [0o700, 0o600])
        }
        #expect(try open().recovered == [1, 3, 4, 5].map { Batches.batch($0) })
        #expect(notes.all.count == 1 && notes.all[0].contains("delivering 8 rows"))
        #expect(try open().recovered.count == 4, "reading is not delivering")
    }

    @Test("a worker that was killed at any byte of a write delivers what is whole, and writes on")
    func killedAnywhere() throws {
        let whole = try open()
        for number in 1...3 { whole.keep(Batches.batch(UInt64(number))) }
        let bytes = try Array(Data(contentsOf: URL(fileURLWithPath: rows(of: whole))))
        var ends = [0]
        for number in 1...3 {
            let record = SpoolJournal.Record.kept(
                Batches.batch(UInt64(number)), engine: Batches.engine, at: clock.now)
            ends.append((ends.last ?? 0) + (try SpoolJournal.encode(record).count))
        }
        #expect(ends.last == bytes.count)
        for length in 0...bytes.count {
            let name = "cut-\(length)"
            let file = folder.url.appendingPathComponent(name).appendingPathComponent(whole.folder.lastPathComponent)
            try FileManager.default.createDirectory(at: file, withIntermediateDirectories: true)
            try Data(bytes.prefix(length)).write(to: file.appendingPathComponent("rows"))
            let survivors = ends.dropFirst().filter { $0 <= length }.count
            try withExtendedLifetime(open(name)) { spool in
                #expect(spool.recovered == (0..<survivors).map { Batches.batch(UInt64($0 + 1)) })
                spool.keep(Batches.batch(9))
            }
            let again = try open(name).recovered.map(\.number)
            #expect(again == (0..<survivors).map { UInt64($0 + 1) } + [9], "cut at \(length)")
        }
        #expect(notes.all.contains { $0.contains("damaged bytes") })
    }

    @Test("two workers with one key do not share a spool")
    func locked() throws {
        let first = try open()
        #expect(throws: SpoolError.inUse(path: first.folder.path)) { try open() }
        first.close()
        _ = try open()
    }

    @Test("an empty spool leaves no files, one with rows stays")
    func closing() throws {
        let empty = try open("empty")
        empty.keep(Batches.batch(1))
        empty.discard(Batches.batch(1).lease, batch: 1)
        empty.close()
        #expect(!FileManager.default.fileExists(atPath: empty.folder.path))
        let full = try open("full")
        full.keep(Batches.batch(1))
        full.close()
        #expect(try open("full").recovered == [Batches.batch(1)])
    }

    @Test("rows of yesterday, or of another engine, are dropped with a notice", arguments: [true, false])
    func unwanted(isOld: Bool) throws {
        try withExtendedLifetime(open()) { $0.keep(Batches.batch(1)) }
        if isOld { clock.advance(by: 25 * 3600) }
        #expect(try open(engine: isOld ? Batches.engine : "another").recovered.isEmpty)
        #expect(notes.all.count == 1 && notes.all[0].contains("dropped 1 batch "))
        #expect(try open().recovered.isEmpty)
    }

    @Test("where nothing can be written the worker is told once and goes on")
    func unusable() throws {
        try folder.write("", to: "file")
        let spool = try open("file/below")
        for number in 1...3 { spool.keep(Batches.batch(UInt64(number))) }
        #expect(spool.recovered.isEmpty)
        #expect(notes.all.count == 1 && notes.all[0].contains("in memory only") && notes.all[0].contains("--spool"))
    }

    @Test("a full disk is said once; when there is room again it is tried again, and the file is whole")
    func full() throws {
        let size = try SpoolJournal.encode(.kept(Batches.batch(1), engine: Batches.engine, at: clock.now)).count
        let spool = try open(limitBytes: 2 * size + size / 2)
        for number in 1...4 { spool.keep(Batches.batch(UInt64(number))) }
        #expect(notes.all.count == 1)
        spool.discard(Batches.batch(1).lease, batch: 1)
        spool.keep(Batches.batch(5))
        #expect(notes.all.count == 1, "tried again at once")
        clock.advance(by: 31)
        spool.keep(Batches.batch(6))
        #expect(notes.all.count == 2 && notes.all[1].contains("can be written again"))
        let copy = folder.url.appendingPathComponent("copy/\(spool.folder.lastPathComponent)")
        try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: rows(of: spool), toPath: copy.appendingPathComponent("rows").path)
        #expect(try open("copy").recovered.map(\.number) == [2, 6])
    }

    @Test("acknowledged rows do not make the file grow")
    func compaction() throws {
        let spool = try open()
        spool.keep(Batches.batch(1))
        for number in 2...2000 {
            spool.keep(Batches.batch(UInt64(number), rows: 50))
            spool.discard(Batches.batch(UInt64(number)).lease, batch: UInt64(number))
        }
        #expect(spool.fileBytes < 2 << 20)
        let file = try Data(contentsOf: URL(fileURLWithPath: rows(of: spool)))
        #expect(file.count == spool.fileBytes)
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
}
