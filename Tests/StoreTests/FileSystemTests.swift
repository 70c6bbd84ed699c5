import Cluster
import Foundation
import Store
import TestSupport
import Testing

/// The store on real file systems that are full, small or read-only.
@Suite("File systems that refuse", .serialized, .enabled(if: SmallDisk.canMount, "only root may mount a tmpfs"))
struct FileSystemTests {
    let disk: SmallDisk
    var path: String { disk.path + "/results.sqlite" }

    init() throws { disk = try SmallDisk(kibibytes: 1024) }

    @Test("a full file system stops the store, keeps what was acknowledged, and lets it go on once there is room")
    func full() throws {
        let store = try Sample.open(path)
        try store.createRun(Sample.manifest())
        try store.complete(Sample.manifest())
        let large = Sample.manifest(run: "large", documents: 4000, shardSize: 500)
        #expect(throws: StoreError.diskFull(path: store.path)) { try store.createRun(large) }
        #expect(try store.read { try $0.runs().map(\.rows) } == [20])
        try disk.resize(kibibytes: 16384)
        try store.createRun(large)
        #expect(try store.commit([.run("sample", .complete)]) == [.applied])
        try store.close()
        let again = try Sample.open(path)
        #expect(try again.read { try $0.runs().map(\.rowsExpected) } == [20, 8000])
        try again.close()
    }

    @Test("a file system without room for a new store says so")
    func noRoom() throws {
        try Data(count: 1000 * 1024).write(to: URL(fileURLWithPath: disk.path + "/ballast"))
        let error = #expect(throws: StoreError.self) { try Sample.open(path) }
        #expect(error?.description.contains("the disk is full") == true)
    }

    /// The lock's file is closed with the value.
    private static func makeStore(_ path: String) throws {
        let store = try Sample.open(path)
        try store.createRun(Sample.manifest())
        try store.close()
    }

    @Test("a store on a read-only file system is not opened for writing, nor locked")
    func readOnly() throws {
        try Self.makeStore(path)
        try disk.makeReadOnly()
        let error = #expect(throws: StoreError.self) { try Sample.open(path) }
        #expect(error?.description.contains("cannot be written") == true)
        #expect(error?.description.contains("read-only") == true)
        let reading = #expect(throws: StoreError.self) { try StoreReader(path) }
        #expect(reading?.description.contains("copy it") == true)
    }
}

/// A tmpfs of a test's own.
final class SmallDisk: Sendable {
    private let folder: TemporaryFolder
    var path: String { folder.path("disk") }

    init(kibibytes: Int) throws {
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path("disk"), withIntermediateDirectories: false)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(kibibytes)k") == 0 else { throw Refused(code: errno) }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }

    func resize(kibibytes: Int) throws {
        guard mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT), "size=\(kibibytes)k") == 0 else {
            throw Refused(code: errno)
        }
    }

    func makeReadOnly() throws {
        guard mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0 else {
            throw Refused(code: errno)
        }
    }

    struct Refused: Error { let code: Int32 }

    /// Whether this process may mount.
    static let canMount: Bool = (try? SmallDisk(kibibytes: 64)) != nil
}
