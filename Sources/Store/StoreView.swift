import GRDB

/// One consistent state of the store: every query through one view sees the same commits.
public struct StoreView {
    let db: Database
    /// What the writing connection remembers; nil for a reader.
    let memory: WriterMemory?
    /// Where the store is.
    public let path: String

    /// Runs `body` on a consistent state of `queue`.
    static func read<Result>(
        _ queue: DatabaseQueue, path: String, _ body: (StoreView) throws -> Result
    ) throws -> Result {
        try StoreError.translating(path) {
            try queue.read { try body(StoreView(db: $0, memory: nil, path: path)) }
        }
    }

    /// A stored text as one of our values.
    func value<Value: RawRepresentable>(_ text: String, as type: Value.Type) throws -> Value
    where Value.RawValue == String {
        guard let value = Value(rawValue: text) else {
            throw StoreError.unreadable(path: path, detail: "'\(text)' is no \(type)")
        }
        return value
    }
}
