import CSQLite
import Foundation
import GRDB

/// Opens SQLite the two ways that the store allows: one writer that is durable at each commit, and readers that
/// can write nothing.
enum StoreConnection {
    /// The only connection that writes and checkpoints. The caller holds the store's lock.
    ///
    /// - Parameter note: is run in the transaction that migrates an older store.
    static func writer(
        _ path: String, sizeLimit: Int?, note: (_ db: Database, _ version: Int) throws -> Void
    ) throws -> DatabaseQueue {
        if isNonEmpty(path) {
            // A foreign file must not be switched to another journal mode before it is recognised.
            try close(reader(path, allowsUnfinished: true))
        }
        return try StoreError.translating(path) {
            var configuration = baseConfiguration()
            configuration.label = "store.writer"
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { db in
                try makeDurable(db, path: path, sizeLimit: sizeLimit)
                let version = try schemaVersion(db, path: path)
                // Before a migration, which would spread the damage.
                try checkPages(db, path: path)
                try Schema.migrate(db, from: version) { try note($0, version) }
            }
            return queue
        }
    }

    /// A connection that sees committed rows only, at any time, whether or not a writer lives.
    static func reader(_ path: String, allowsUnfinished: Bool = false) throws -> DatabaseQueue {
        guard FileManager.default.fileExists(atPath: path) else { throw StoreError.missing(path: path) }
        var configuration = baseConfiguration()
        configuration.label = "store.reader"
        configuration.readonly = true
        do {
            return try StoreError.translating(path) {
                let queue = try DatabaseQueue(path: path, configuration: configuration)
                let version = try queue.read { try schemaVersion($0, path: path) }
                guard version == Schema.current || allowsUnfinished else {
                    throw StoreError.unmigrated(path: path, schema: version, current: Schema.current)
                }
                return queue
            }
        } catch StoreError.notWritable(let path, let detail) {
            throw StoreError.notReadable(path: path, detail: detail)
        }
    }

    private static func close(_ queue: DatabaseQueue) throws { try queue.close() }

    private static func isNonEmpty(_ path: String) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? Int ?? 0) > 0
    }

    /// Nobody reads SQLite's count of its memory, and it takes a lock at each allocation.
    private static let countsNoMemory = csqlite_without_memory_statistics()

    private static func baseConfiguration() -> Configuration {
        _ = countsNoMemory
        var configuration = Configuration()
        // A writer and a reader collide only while a WAL is being recovered or reset.
        configuration.busyMode = .timeout(10)
        return configuration
    }

    private static func makeDurable(_ db: Database, path: String, sizeLimit: Int?) throws {
        let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL") ?? "none"
        guard mode == "wal" else { throw StoreError.noWriteAheadLog(path: path, mode: mode) }
        // A commit costs one fsync of the log; copying the log into the file costs two more, so that is done for
        // 32 MiB at a time, from a cache of twice that.
        try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8192; PRAGMA cache_size = -65536")
        // Debian's SQLite overwrites what is deleted, which nobody asked for here.
        try db.execute(sql: "PRAGMA secure_delete = OFF")
        if let sizeLimit {
            let pageSize = try Int.fetchOne(db, sql: "PRAGMA page_size") ?? 4096
            try db.execute(sql: "PRAGMA max_page_count = \(max(1, sizeLimit / pageSize))")
        }
    }

    /// 0 for an empty file; throws for what this build cannot use.
    private static func schemaVersion(_ db: Database, path: String) throws -> Int {
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let application = try Int64.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        if application != Schema.applicationID {
            let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
            guard application == 0, version == 0, tables == 0 else {
                throw StoreError.foreign(path: path, detail: "application id \(application), \(tables) tables")
            }
            return 0
        }
        guard version <= Schema.current else {
            throw StoreError.newer(path: path, schema: version, known: Schema.current)
        }
        guard version >= 1 else { throw StoreError.older(path: path, schema: version, oldest: 1) }
        if let difference = try Schema.difference(of: db, from: version) {
            throw StoreError.strangeSchema(path: path, schema: version, lacks: difference)
        }
        return version
    }

    private static func checkPages(_ db: Database, path: String) throws {
        let verdict = try String.fetchAll(db, sql: "PRAGMA quick_check(3)")
        guard verdict == ["ok"] else {
            throw StoreError.corrupt(path: path, detail: verdict.joined(separator: "; "))
        }
    }
}
