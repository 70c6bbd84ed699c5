import Cluster
import Foundation
import Store
import TestSupport
import Testing

@Suite("Opening a store")
struct OpeningTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("each start counts a new incarnation: the time, or more where the clock stands still")
    func incarnations() throws {
        for expected in 1_700_000_100_000...1_700_000_100_002 as ClosedRange<UInt64> {
            let store = try Sample.open(folder.path())
            #expect(store.incarnation == expected)
            try store.close()
        }
        #expect(try StoreReader(folder.path()).read { try $0.incarnation() } == 1_700_000_100_002)
    }

    @Test("the coordinator of a restored copy takes no number that workers met before")
    func restored() throws {
        try Sample.open(folder.path()).close()
        try FileManager.default.copyItem(atPath: folder.path(), toPath: folder.path("copy"))
        var met: [UInt64] = []
        for start in 1...3 {
            let store = try ResultsStore(folder.path(), build: "0.1", now: { 1_700_000_100 + Double(start) })
            met.append(store.incarnation)
            try store.close()
        }
        let restored = try ResultsStore(folder.path("copy"), build: "0.1", now: { 1_700_000_104 })
        #expect(met.allSatisfy { $0 < restored.incarnation })
        try restored.close()
    }

    @Test("a second writer is refused and told who writes")
    func secondWriter() throws {
        let store = try Sample.open(folder.path())
        let error = #expect(throws: StoreError.self) { try Sample.open(folder.path()) }
        #expect(error?.description.contains("in use by process \(ProcessInfo.processInfo.processIdentifier)") == true)
        try store.close()
        try Sample.open(folder.path()).close()
    }

    @Test("a symbolic link is the store that it points to")
    func link() throws {
        let store = try Sample.open(folder.path())
        try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: folder.path())
        #expect(throws: StoreError.self) { try Sample.open(folder.path("link")) }
        try store.close()
    }

    @Test("a store in a folder that is not there is refused by the folder's name", arguments: ["none", "none/below"])
    func missingFolder(name: String) throws {
        let path = folder.path("\(name)/molt.sqlite")
        let error = #expect(throws: StoreError.self) { try Sample.open(path) }
        #expect(error == .missingFolder(path: path, folder: folder.path(name)))
        #expect(error?.description.contains("mkdir -p") == true)
    }

    @Test("a reader needs an existing store")
    func missing() {
        #expect(throws: StoreError.missing(path: folder.path())) { try StoreReader(folder.path()) }
    }

    @Test("a file that is no database is left alone", arguments: ["hello", String(repeating: "x", count: 5000)])
    func noDatabase(content: String) throws {
        try Data(content.utf8).write(to: URL(fileURLWithPath: folder.path()))
        let error = StoreError.foreign(path: folder.path(), detail: "no SQLite database")
        #expect(throws: error) { try Sample.open(folder.path()) }
        #expect(throws: error) { try StoreReader(folder.path()) }
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path())) == Data(content.utf8))
    }

    /// Offsets of big-endian words in SQLite's header.
    enum Header { static let userVersion = 60, applicationID = 68 }

    func overwrite(_ offset: Int, with value: UInt32) throws {
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: folder.path()))
        try handle.seek(toOffset: UInt64(offset))
        try handle.write(contentsOf: withUnsafeBytes(of: value.bigEndian) { Data($0) })
        try handle.close()
    }

    @Test("another program's database is recognised")
    func foreign() throws {
        try Sample.open(folder.path()).close()
        try overwrite(Header.applicationID, with: 1234)
        for attempt in [{ try Sample.open(folder.path()).close() }, { try StoreReader(folder.path()).close() }] {
            let error = #expect(throws: StoreError.self) { try attempt() }
            guard case .foreign(_, let detail) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(detail.hasPrefix("application id 1234"))
        }
    }

    @Test("a newer schema asks for the newer version, an older one for the older")
    func versions() throws {
        try Sample.open(folder.path()).close()
        try overwrite(Header.userVersion, with: 99)
        #expect(throws: StoreError.newer(path: folder.path(), schema: 99, known: 4)) { try Sample.open(folder.path()) }
        #expect(throws: StoreError.newer(path: folder.path(), schema: 99, known: 4)) { try StoreReader(folder.path()) }
        try overwrite(Header.userVersion, with: 0)
        #expect(throws: StoreError.older(path: folder.path(), schema: 0, oldest: 1)) { try Sample.open(folder.path()) }
    }

    @Test("a damaged page is found when the store is opened")
    func corrupt() throws {
        let store = try Sample.open(folder.path())
        try store.createRun(Sample.manifest(documents: 200))
        try store.close()
        let size = try Data(contentsOf: URL(fileURLWithPath: folder.path())).count
        for offset in stride(from: 4096 * 4, to: size, by: 4096) { try overwrite(offset, with: 0xDEAD_BEEF) }
        let error = #expect(throws: StoreError.self) { try Sample.open(folder.path()) }
        guard case .corrupt = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.description.contains(".recover") == true)
    }

    @Test("a truncated database is not taken for an empty one")
    func truncated() throws {
        let store = try Sample.open(folder.path())
        try store.createRun(Sample.manifest(documents: 200))
        try store.close()
        let data = try Data(contentsOf: URL(fileURLWithPath: folder.path()))
        try data.prefix(data.count / 2 + 100).write(to: URL(fileURLWithPath: folder.path()))
        #expect(throws: StoreError.self) { try Sample.open(folder.path()) }
    }

    @Test("a folder that cannot be written is named", arguments: ["/proc/molt.sqlite"])
    func notWritable(path: String) {
        let error = #expect(throws: StoreError.self) { try Sample.open(path) }
        #expect(error?.description.hasPrefix("\(path): cannot be written") == true)
    }

    @Test("a full disk loses nothing that was acknowledged")
    func full() throws {
        let limit = 400_000
        let manifest = Sample.manifest(documents: 2000, shardSize: 2000)
        let roomy = try Sample.open(folder.path())
        try roomy.createRun(Sample.manifest(run: "small"))
        try roomy.close()
        let store = try Sample.open(folder.path(), sizeLimit: limit)
        #expect(throws: StoreError.diskFull(path: store.path)) { try store.createRun(manifest) }
        #expect(try store.read { try $0.runs().map(\.run) } == ["small"])
        try store.complete(Sample.manifest(run: "small"))
        try store.close()
        let freed = try Sample.open(folder.path())
        try freed.createRun(manifest)
        #expect(try freed.read { try $0.run("small").rows } == 20)
        try freed.close()
    }
}
