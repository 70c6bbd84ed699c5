import Cluster
import Foundation
import GRDB
import Store
import TestSupport
import Testing

@Suite("The examination of a store")
struct ExaminationTests {
    let folder: TemporaryFolder
    let manifest = Sample.manifest(documents: 200, shardSize: 50)

    init() throws {
        folder = try TemporaryFolder()
        let store = try Sample.open(folder.path())
        try store.createRun(manifest)
        try store.complete(manifest)
        try store.commit([.run("sample", .complete)])
        try store.close()
    }

    private func findings() -> [Finding] { StoreExamination(folder.path()).findings() }

    /// Damages the file past the store, its promises switched off.
    private func damage(_ sql: String) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: folder.path(), configuration: configuration)
        try queue.writeWithoutTransaction { db in
            let triggers = try Row.fetchAll(db, sql: "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
            for trigger in triggers { try db.execute(sql: "DROP TRIGGER \(trigger["name"] as String)") }
            try db.execute(sql: sql)
            for trigger in triggers { try db.execute(sql: trigger["sql"]) }
        }
        try queue.close()
    }

    @Test("a healthy store passes every check, before, during and after its coordinator")
    func healthy() throws {
        #expect(findings().allSatisfy { $0.verdict == .ok })
        #expect(findings().map(\.check).contains("run sample"))
        let before = try Data(contentsOf: URL(fileURLWithPath: folder.path()))
        _ = findings()
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path())) == before)
        let store = try Sample.open(folder.path())
        let writer = findings().first { $0.check == "store writer" }?.detail
        #expect(writer?.contains("process \(ProcessInfo.processInfo.processIdentifier)") == true)
        #expect(findings().allSatisfy { $0.verdict == .ok })
        try store.close()
        #expect(StoreExamination(folder.path()).writer == nil)
    }

    @Test(
        "each kind of damage is named by its check",
        arguments: [
            (
                "UPDATE scores SET choices = zeroblob(34) WHERE cell = 2 AND example = 7", "store rows",
                "cell 1, example 7"
            ),
            ("UPDATE scores SET correct = 1 - correct WHERE cell = 1 AND example = 3", "store rows", "example 3"),
            ("UPDATE scores SET tokens = tokens + 1 WHERE cell = 1", "store rows", "200 of 400 rows"),
            ("DELETE FROM scores WHERE cell = 1 AND example = 5", "run sample", "399 of 400 rows"),
            ("DELETE FROM leases WHERE shard = 2", "store references", "rows of scores"),
        ])
    func damages(sql: String, check: String, detail: String) throws {
        try damage(sql)
        let failed = findings().filter { $0.verdict == .failed }
        #expect(failed.contains { $0.check == check && $0.detail.contains(detail) }, "\(failed)")
    }

    @Test("a damaged page, a file of something else and no file at all are told apart")
    func files() throws {
        let url = URL(fileURLWithPath: folder.path())
        var bytes = try Data(contentsOf: url)
        for page in stride(from: 4096 * 40, to: bytes.count, by: 4096) { bytes[page] = 0xEE }
        try bytes.write(to: url)
        #expect(findings().contains { $0.verdict == .failed && $0.detail.contains(".recover") })
        try Data("something else".utf8).write(to: url)
        #expect(findings().contains { $0.check == "store" && $0.detail.contains("not a Molt results store") })
        let missing = StoreExamination(folder.path("nothing")).findings()
        #expect(missing.contains { $0.verdict == .failed && $0.detail.contains("no such results store") })
    }

    @Test("revoked workers and contradicted rows are warnings")
    func warnings() throws {
        let store = try Sample.open(folder.path())
        let job = manifest.shards[0].job
        try store.grant(job, epoch: 2, to: Sample.other, .check)
        try store.score(job, [Sample.row(0, [-7, -8])], epoch: 2, by: Sample.other)
        #expect(findings().contains { $0.verdict == .warning && $0.detail.contains("1 repeated row differs") })
        try store.commit([.revoked(Sample.worker, detail: "2 refuted rows")])
        let warnings = findings().filter { $0.verdict == .warning }.map(\.detail)
        #expect(warnings.contains { $0.contains("400 rows were computed by \(Sample.worker)") })
        #expect(warnings.contains { $0.contains("\(Sample.worker) is revoked: 2 refuted rows") })
        #expect(!findings().contains { $0.verdict == .failed })
        try store.close()
    }
}
