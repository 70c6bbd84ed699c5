import Foundation
import GRDB
import GRDBSQLite

/// A statement that runs many times: values go to SQLite and come back without GRDB's lists of arguments and rows, which
/// would take most of the time of an insertion.
struct BoundStatement {
    private let statement: Statement

    init(_ db: Database, _ sql: String) throws { statement = try db.makeStatement(sql: sql) }

    /// Binds the values in the order of the parameters, and runs the statement; how many rows it changed.
    @discardableResult
    func execute(_ bind: (inout Binder) -> Void) throws -> Int {
        try forEach(bind) { _ in }
        return Int(sqlite3_changes(sqlite3_db_handle(statement.sqliteStatement)))
    }

    /// The first row of the statement's result; nil without rows.
    func first<Value>(_ bind: (inout Binder) -> Void, _ read: (Columns) -> Value) throws -> Value? {
        var value: Value?
        try forEach(bind) { if value == nil { value = read($0) } }
        return value
    }

    /// Runs the statement and reads each row of its result. The columns are valid during the call only.
    func forEach(_ bind: (inout Binder) -> Void, _ body: (Columns) throws -> Void) throws {
        let handle = statement.sqliteStatement
        var binder = Binder(statement: handle)
        bind(&binder)
        defer { sqlite3_reset(handle) }
        var code = binder.failure == SQLITE_OK ? sqlite3_step(handle) : binder.failure
        while code == SQLITE_ROW {
            try body(Columns(statement: handle))
            code = sqlite3_step(handle)
        }
        guard code == SQLITE_DONE else {
            let message = String(cString: sqlite3_errmsg(sqlite3_db_handle(handle)))
            throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
        }
    }

    /// Gives values to a statement's parameters, one after the other.
    struct Binder {
        fileprivate let statement: OpaquePointer
        fileprivate var failure = SQLITE_OK
        private var index: Int32 = 0

        fileprivate init(statement: OpaquePointer) { self.statement = statement }

        mutating func bind(_ value: some BinaryInteger) {
            note(sqlite3_bind_int64(statement, next(), Int64(clamping: value)))
        }

        mutating func bind(_ value: Double) { note(sqlite3_bind_double(statement, next(), value)) }

        mutating func bind(_ text: String) {
            let place = next()
            var text = text
            let code = text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    sqlite3_bind_text(statement, place, $0.baseAddress, Int32($0.count), copying)
                }
            }
            note(code)
        }

        /// The bytes stay where they are until the statement has run.
        mutating func bind(lasting bytes: UnsafeRawBufferPointer) {
            note(sqlite3_bind_blob(statement, next(), bytes.baseAddress, Int32(bytes.count), nil))
        }

        private mutating func next() -> Int32 {
            index += 1
            return index
        }

        private mutating func note(_ code: Int32) { if failure == SQLITE_OK { failure = code } }
    }

    /// The values of one row of a result.
    struct Columns {
        fileprivate let statement: OpaquePointer

        func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

        func text(_ column: Int32) -> String {
            sqlite3_column_text(statement, column).map { String(cString: $0) } ?? ""
        }

        func data(_ column: Int32) -> Data {
            let count = Int(sqlite3_column_bytes(statement, column))
            return sqlite3_column_blob(statement, column).map { Data(bytes: $0, count: count) } ?? Data()
        }
    }
}

/// SQLite copies what is bound.
private let copying = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
