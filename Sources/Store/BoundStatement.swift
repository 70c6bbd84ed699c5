import Foundation
import GRDB
import GRDBSQLite

/// A statement that runs once for each of many rows: values go to SQLite without GRDB's lists of arguments, which
/// would take most of the time of an insertion.
struct BoundStatement {
    private let statement: Statement

    init(_ statement: Statement) { self.statement = statement }

    /// Binds the values in the order of the parameters, and runs the statement.
    func execute(_ bind: (inout Binder) -> Void) throws {
        let handle = statement.sqliteStatement
        var binder = Binder(statement: handle)
        bind(&binder)
        let code = binder.failure == SQLITE_OK ? sqlite3_step(handle) : binder.failure
        let message = code == SQLITE_DONE ? nil : String(cString: sqlite3_errmsg(sqlite3_db_handle(handle)))
        sqlite3_reset(handle)
        if let message { throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message) }
    }

    /// Gives values to a statement's parameters, one after the other.
    struct Binder {
        fileprivate let statement: OpaquePointer
        fileprivate var failure = SQLITE_OK
        private var index: Int32 = 0

        fileprivate init(statement: OpaquePointer) { self.statement = statement }

        mutating func bind(_ value: some BinaryInteger) {
            note(sqlite3_bind_int64(statement, next(), Int64(value)))
        }

        mutating func bind(_ value: Double) { note(sqlite3_bind_double(statement, next(), value)) }

        mutating func bind(_ data: Data) {
            let place = next()
            note(
                data.withUnsafeBytes { bytes in
                    sqlite3_bind_blob(statement, place, bytes.baseAddress, Int32(bytes.count), copying)
                })
        }

        private mutating func next() -> Int32 {
            index += 1
            return index
        }

        private mutating func note(_ code: Int32) { if failure == SQLITE_OK { failure = code } }
    }
}

/// SQLite copies what is bound.
private let copying = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
