import GRDB

/// The versions of the store's tables.
enum Schema {
    /// Marks a SQLite file as a Molt results store: "Molt" in ASCII.
    static let applicationID: Int64 = 0x4D6F_6C74
    /// Migration `i` takes schema `i` to schema `i + 1`; schema 0 is an empty file.
    static let migrations = [firstSchema]
    static var current: Int { migrations.count }

    /// Brings a store of schema `version` to the current one, all or nothing.
    static func migrate(_ db: Database, from version: Int) throws {
        for (offset, migration) in migrations.enumerated().dropFirst(version) {
            try db.inTransaction(.immediate) {
                try db.execute(sql: migration)
                try db.execute(sql: "PRAGMA application_id = \(applicationID)")
                try db.execute(sql: "PRAGMA user_version = \(offset + 1)")
                return .commit
            }
        }
    }
}
