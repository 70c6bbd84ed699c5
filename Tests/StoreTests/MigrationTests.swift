import Cluster
import Foundation
import GRDB
import Store
import TestSupport
import Testing

@Suite("Migration from schema 1")
struct MigrationTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A store of schema 1 as its last build left it, changed by some SQL.
    func oldStore(_ change: String = "", replacing word: String = "", with other: String = "") throws {
        let dump = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("schema1.sql")
        var sql = try String(contentsOf: dump, encoding: .utf8)
        if !word.isEmpty { sql = sql.replacingOccurrences(of: word, with: other) }
        try raw { db in
            try db.execute(sql: sql)
            try db.execute(sql: "PRAGMA application_id = \(0x4D6F_6C74); PRAGMA user_version = 1;" + change)
        }
    }

    /// The file itself, past the store.
    func raw<Result>(_ name: String = "results.sqlite", _ body: (Database) throws -> Result) throws -> Result {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: folder.path(name), configuration: configuration)
        let result = try queue.writeWithoutTransaction(body)
        try queue.close()
        return result
    }

    private static let scores =
        "SELECT hex(digest) || hex(choices) || cell || example FROM scores ORDER BY cell, example"

    @Test("a store with rows is migrated when it is opened, and then equals a fresh one with those rows")
    func migrates() throws {
        try oldStore()
        let rows = try raw { try String.fetchAll($0, sql: Self.scores) }
        try Sample.open(folder.path()).close()
        try Sample.open(folder.path("fresh")).close()
        #expect(try raw { try String.fetchAll($0, sql: Self.scores) } == rows)
        #expect(rows.count == 21)
        let schema = "SELECT type || name || tbl_name || coalesce(sql, '') FROM sqlite_schema ORDER BY 1"
        let migrated = try raw { try String.fetchAll($0, sql: schema) }
        #expect(try raw("fresh") { try String.fetchAll($0, sql: schema) } == migrated)
        #expect(try raw { try Row.fetchAll($0, sql: "PRAGMA foreign_key_check") }.isEmpty)
        #expect(try raw { try String.fetchAll($0, sql: "PRAGMA integrity_check") } == ["ok"])
    }

    @Test("what was under way goes on: leases, failures by name, disagreements, rows that were taken over")
    func content() throws {
        try oldStore()
        let store = try Sample.open(folder.path())
        let recovery = try store.recovery()
        let run = try #require(recovery.runs.first)
        #expect(run.id == "golden-3" && run.failedJobs == 1 && run.jobs.count == 1 && recovery.revoked.isEmpty)
        #expect(run.jobs[0].missing == [2, 3] && run.jobs[0].leases.map(\.purpose) == [.score])
        try store.read { view in
            let failures = try view.failures(run: "golden-3")
            #expect(failures.map(\.examples) == [[2]])
            #expect(failures[0].detail == "three attempts failed on a, b; the last: out of memory")
            #expect(try view.disagreements(run: "golden-3").count == 1)
            #expect(try view.lastEvents(2).map(\.kind) == ["store migrated", "coordinator started"])
        }
        let liar = String(repeating: "a", count: 40)
        try store.commit([.revoked(liar, detail: "lied")])
        let tainted = [TaintedRows(worker: liar, detail: "lied", rows: 8)]
        #expect(try store.read { try $0.rowsOfRevokedWorkers(run: "golden-1") } == tainted)
        #expect(try store.read { try $0.rowsOfRevokedWorkers(run: "golden-2") } == tainted)
        try store.close()
    }

    @Test("a reader of an old store is told how to migrate it")
    func reader() throws {
        try oldStore()
        let error = #expect(throws: StoreError.unmigrated(path: folder.path(), schema: 1, current: 4)) {
            try StoreReader(folder.path())
        }
        #expect(error?.description.contains("coord serve --store '\(folder.path())'") == true)
    }

    @Test("a migration that breaks a promise leaves the file as it was")
    func failure() throws {
        try oldStore("DELETE FROM expected WHERE example = 3")
        #expect(throws: StoreError.self) { try Sample.open(folder.path()) }
        try raw { db throws in
            #expect(try Int.fetchOne(db, sql: "PRAGMA user_version") == 1)
            #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM pragma_table_info('leases')") == 7)
            #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM scores") == 21)
        }
    }

    @Test("a store of a build between releases is refused by the column that it lacks")
    func betweenReleases() throws {
        try oldStore("ALTER TABLE engines RENAME COLUMN build TO release")
        let error = StoreError.strangeSchema(
            path: folder.path(), schema: 1, lacks: "column engines.build TEXT NOT NULL")
        #expect(throws: error) { try Sample.open(folder.path()) }
        #expect(throws: error) { try StoreReader(folder.path()) }
    }

    @Test(
        "a store whose promises were dropped is refused",
        arguments: ["scores_leave_on_record", "job_states_hold", "measurements_never_change"])
    func dropped(trigger: String) throws {
        try Sample.open(folder.path()).close()
        try raw { try $0.execute(sql: "DROP TRIGGER \(trigger)") }
        let error = StoreError.strangeSchema(path: folder.path(), schema: 4, lacks: "trigger \(trigger)")
        #expect(throws: error) { try Sample.open(folder.path()) }
    }
}
