import GRDB
import Synchronization

/// The versions of the store's tables.
enum Schema {
    /// Marks a SQLite file as a Molt results store: "Molt" in ASCII.
    static let applicationID: Int64 = 0x4D6F_6C74
    /// Migration `i` takes schema `i` to schema `i + 1`; schema 0 is an empty file.
    static let migrations = [
        [firstSchema], [secondSchema, secondSchemaTriggers], [thirdSchema, thirdSchemaTriggers],
        [fourthSchema, fourthSchemaTriggers],
    ]
    static var current: Int { migrations.count }

    /// Brings a store of schema `version` to the current one, all or nothing.
    ///
    /// - Parameter note: is run in the same transaction after the tables of an existing store changed.
    static func migrate(_ db: Database, from version: Int, note: (Database) throws -> Void = { _ in }) throws {
        guard version < current else { return }
        // Tables that others refer to are made anew; what refers to what is checked at the end instead.
        try db.execute(sql: "PRAGMA foreign_keys = OFF")
        defer { try? db.execute(sql: "PRAGMA foreign_keys = ON") }
        try db.inTransaction(.immediate) {
            for migration in migrations.dropFirst(version).joined() { try db.execute(sql: migration) }
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            try db.execute(sql: "PRAGMA user_version = \(current)")
            if version > 0 {
                try db.checkForeignKeys()
                try note(db)
            }
            return .commit
        }
    }

    /// What a store of schema `version` lacks, or has otherwise; nil if it is as it was defined.
    static func difference(of db: Database, from version: Int) throws -> String? {
        let parts = Set(try String.fetchAll(db, sql: partsQuery))
        return try knownParts(of: version).first { !parts.contains($0) }
    }

    /// Every column, index, view and trigger of a schema, named in words.
    private static func knownParts(of version: Int) throws -> [String] {
        if let parts = parts.withLock({ $0[version] }) { return parts }
        let memory = try DatabaseQueue()
        let known = try memory.writeWithoutTransaction { db in
            for migration in migrations.prefix(version).joined() { try db.execute(sql: migration) }
            return try String.fetchAll(db, sql: partsQuery)
        }
        parts.withLock { $0[version] = known }
        return known
    }

    private static let parts = Mutex<[Int: [String]]>([:])

    private static let partsQuery = """
        SELECT 'column ' || m.name || '.' || c.name || ' ' || c.type || iif(c."notnull", ' NOT NULL', '') AS part
        FROM sqlite_schema AS m JOIN pragma_table_xinfo(m.name) AS c
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
        UNION ALL
        SELECT type || ' ' || name FROM sqlite_schema WHERE type <> 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
        ORDER BY part
        """
}
