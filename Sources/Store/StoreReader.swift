import GRDB

/// Reads a results store, beside its coordinator or without one; never writes.
public final class StoreReader: Sendable {
    /// Where the store is.
    public let path: String
    private let queue: DatabaseQueue

    /// Opens an existing store.
    public init(_ path: String) throws {
        self.path = path
        queue = try StoreConnection.reader(path)
    }

    /// Runs `body` on one consistent state of the store.
    public func read<Result>(_ body: (StoreView) throws -> Result) throws -> Result {
        try StoreView.read(queue, path: path, body)
    }

    /// Closes the connection; the reader is of no use afterwards.
    public func close() throws {
        try StoreError.translating(path) { try queue.close() }
    }
}
