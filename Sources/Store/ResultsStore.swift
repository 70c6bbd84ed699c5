import Cluster
import Foundation
import GRDB
import Synchronization

/// The one writer of a results store.
///
/// Each call is one transaction that is on disk when the call returns. An error means that nothing of the call was
/// stored. After a failed disk the store refuses to go on: what a second attempt of a failed `fsync` says is worthless.
public final class ResultsStore: Sendable {
    /// Where the store is.
    public let path: String
    /// The number of this start of a coordinator; it fences off every earlier one.
    public let incarnation: UInt64
    private let lock: StoreLock
    private let queue: DatabaseQueue
    private let now: @Sendable () -> Double
    /// The failure after which the store must not be used.
    private let failure = Mutex<StoreError?>(nil)

    /// Opens the store, makes it if there is none, and counts a new incarnation.
    ///
    /// `build` names the product version. `sizeLimit` in bytes bounds the file: beyond it the store behaves as on a
    /// full disk. `now` gives the wall clock in seconds since 1970.
    public init(
        _ path: String, build: String, sizeLimit: Int? = nil,
        now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
    ) throws {
        let path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        lock = try StoreLock(store: path)
        queue = try StoreConnection.writer(path, sizeLimit: sizeLimit)
        self.path = path
        self.now = now
        incarnation = try StoreError.translating(path) { [queue] in
            try queue.write { db in
                try db.execute(
                    sql: "INSERT INTO incarnations (started, process, host, build) VALUES (?, ?, ?, ?)",
                    arguments: [now(), Int(getpid()), ProcessInfo.processInfo.hostName, build])
                return UInt64(db.lastInsertedRowID)
            }
        }
    }

    /// Accepts a run: everything that it will ever expect, in one transaction.
    ///
    /// - Parameter build: takes over the rows that earlier runs have from this build under the same identity
    ///   (``ScoreReuse``); nil takes over none.
    /// - Returns: how many rows were taken over.
    @discardableResult
    public func createRun(_ manifest: RunManifest, reusingScoresOf build: String? = nil) throws -> Int {
        try transaction { db in
            let run = try ManifestWriter(db: db, manifest: manifest).write()
            let events = EventWriter(db: db, now: now())
            try events.record("run", run: manifest.run, "accepted: \(manifest.cells.count) cells")
            guard let build else { return 0 }
            let reused = try ScoreReuse(db: db, run: run, build: build, now: now(), incarnation: incarnation).apply()
            if reused > 0 { try events.record("reuse", run: manifest.run, "took over \(reused) rows of earlier runs") }
            return reused
        }
    }

    /// Stores the changes of a turn in their order; the outcomes are in the same order.
    ///
    /// `engines` names the engine of each worker that sent rows. A change that would break a promise of the schema
    /// is refused, as its outcome says, while the others are stored.
    @discardableResult
    public func commit(_ changes: [Change], engines: [WorkerKey: EngineDescription] = [:]) throws -> [ChangeOutcome] {
        if changes.isEmpty { return [] }
        return try transaction { db in
            var writer = ChangeWriter(db: db, now: now(), engines: engines)
            return try changes.map { try writer.write($0) }
        }
    }

    /// Appends an event that people may want to read later.
    public func record(_ kind: String, run: RunID? = nil, _ detail: String) throws {
        try transaction { try EventWriter(db: $0, now: now()).record(kind, run: run, detail) }
    }

    /// What a starting coordinator must know of the runs that have not ended.
    public func recovery() throws -> Recovery {
        try read { Recovery(incarnation: incarnation, runs: try $0.unfinishedRuns()) }
    }

    /// Runs `body` on one consistent state of the store.
    public func read<Result>(_ body: (StoreView) throws -> Result) throws -> Result {
        try StoreView.read(queue, path: path, body)
    }

    /// Checkpoints and closes; the store is of no use afterwards.
    public func close() throws {
        try StoreError.translating(path) { try queue.close() }
        lock.release()
    }

    private func transaction<Result>(_ body: (Database) throws -> Result) throws -> Result {
        if let error = failure.withLock({ $0 }) { throw error }
        do {
            return try StoreError.translating(path) {
                try queue.writeWithoutTransaction { db in
                    var result: Result?
                    try db.inTransaction(.immediate) {
                        result = try body(db)
                        return .commit
                    }
                    guard let result else { throw StoreError.refused(path: path, detail: "no transaction ran") }
                    return result
                }
            }
        } catch let error as StoreError {
            if case .failedDisk = error { failure.withLock { $0 = error } }
            throw error
        }
    }
}
