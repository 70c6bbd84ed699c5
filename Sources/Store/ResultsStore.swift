import Cluster
import Foundation
import GRDB
import Synchronization
import Wording

/// The one writer of a results store.
///
/// Each call is one transaction that is on disk when the call returns. An error means that nothing of the call was
/// stored. After a failed disk the store refuses to go on: what a second attempt of a failed `fsync` says is worthless.
public final class ResultsStore: Sendable {
    /// Where the store is.
    public let path: String
    /// The number of this start of a coordinator; it fences off every earlier one. It is the time in milliseconds since
    /// 1970, or one more than the last if that is higher: so the coordinator of a copy that was restored does
    /// not take a number again which workers met before.
    public let incarnation: UInt64
    private let lock: StoreLock
    private let queue: DatabaseQueue
    private let memory: WriterMemory
    private let now: @Sendable () -> Double
    /// The failure after which the store must not be used.
    private let failure = Mutex<StoreError?>(nil)

    /// Opens the store, makes it if there is none, migrates it if it is older, and counts a new incarnation.
    ///
    /// `build` names the product version. `sizeLimit` in bytes bounds the file: beyond it the store behaves as on a
    /// full disk. `now` gives the wall clock in seconds since 1970.
    public init(
        _ path: String, build: String, sizeLimit: Int? = nil,
        now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
    ) throws {
        let path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        lock = try StoreLock(store: path)
        let queue = try StoreConnection.writer(path, sizeLimit: sizeLimit) { db, version in
            var journal = Journal()
            journal.note(
                JournalEntry(.storeMigrated, "from schema \(version) to \(Schema.current), by \(build)"), at: now())
            try journal.write(WriterStatements(db))
        }
        self.queue = queue
        self.path = path
        self.now = now
        (memory, incarnation) = try StoreError.translating(path) {
            try queue.write { db in
                let memory = try WriterMemory(db)
                let incarnation = try Self.start(db, build: build, now: now())
                memory.journal.note(
                    JournalEntry(.coordinatorStarted, "\(build), process \(getpid()), incarnation \(incarnation)"),
                    at: now())
                try memory.journal.write(memory.statements)
                return (memory, UInt64(incarnation))
            }
        }
    }

    /// Counts a start of a coordinator; returns its number.
    private static func start(_ db: Database, build: String, now: Double) throws -> Int64 {
        let last = try Int64.fetchOne(db, sql: "SELECT max(incarnation) FROM incarnations") ?? 0
        let milliseconds = Int64(exactly: (now * 1000).rounded()) ?? 0
        let incarnation = max(last + 1, milliseconds)
        try db.execute(
            sql: "INSERT INTO incarnations (incarnation, started, process, host, build) VALUES (?, ?, ?, ?, ?)",
            arguments: [incarnation, now, Int(getpid()), ProcessInfo.processInfo.hostName, build])
        return incarnation
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
            note(JournalEntry(.runAccepted, run: manifest.run, counted(manifest.cells.count, "cell")))
            guard let build else { return 0 }
            let reused = try ScoreReuse(db: db, run: run, build: build, now: now(), incarnation: incarnation).apply()
            if reused > 0 {
                note(JournalEntry(.scoresTakenOver, run: manifest.run, "\(counted(reused, "row")) of earlier runs"))
            }
            return reused
        }
    }

    /// Stores the changes of a turn in their order; the outcomes are in the same order.
    ///
    /// `engines` names the engine of each worker that sent rows. A change that would break a promise of the schema
    /// is refused, as its outcome says, while the others are stored. `events` join the journal in the same transaction;
    /// without changes they wait for the next one, at most a second: a transaction costs an fsync. Call it
    /// without either now and then, so that what waits is written.
    @discardableResult
    public func commit(
        _ changes: [Change], engines: [WorkerKey: EngineDescription] = [:], events: [JournalEntry] = []
    ) throws -> [ChangeOutcome] {
        if changes.isEmpty {
            let isDue = queue.writeWithoutTransaction { _ in
                events.forEach(note)
                return memory.journal.isDue(at: now())
            }
            if !isDue { return [] }
        }
        return try transaction { db in
            if !changes.isEmpty { events.forEach(note) }
            let writer = try ChangeWriter(db, memory, now: now(), engines: engines)
            return try changes.map { try writer.write($0) }
        }
    }

    /// Lets a run go on that was cancelled or ended incomplete: its jobs that are not done are pending again, its failures
    /// are forgotten, its epochs rise further. `StoreView.description(of:)` is what the scheduler takes then.
    ///
    /// - Returns: how many rows the run misses.
    public func reopen(_ run: RunID) throws -> Int {
        try transaction { db in
            try RunReopening(changes: ChangeWriter(db, memory, now: now())).reopen(run)
        }
    }

    /// What a starting coordinator must know of the runs that have not ended.
    public func recovery() throws -> Recovery {
        try read {
            Recovery(
                incarnation: incarnation, runs: try $0.unfinishedRuns(),
                revoked: Set(try $0.revocations().map(\.worker)))
        }
    }

    /// Runs `body` on one consistent state of the store.
    public func read<Result>(_ body: (StoreView) throws -> Result) throws -> Result {
        if let error = failure.withLock({ $0 }) { throw error }
        // Nobody else writes, and no transaction is open between two calls: what each statement sees is one state.
        return try StoreError.translating(path) {
            try queue.unsafeRead { try body(StoreView(db: $0, memory: memory, path: path)) }
        }
    }

    /// Checkpoints and closes; the store is of no use afterwards.
    ///
    /// After a failed disk it does neither: the connection is left to the end of the process, and what was acknowledged
    /// to the next opener, who recovers it from the write-ahead log.
    public func close() throws {
        defer { lock.release() }
        if failure.withLock({ $0 }) != nil { return }
        do {
            try transaction { _ in
                memory.journal.noteOmissions(at: now())
                note(JournalEntry(.coordinatorStopped, "incarnation \(incarnation)"))
            }
        } catch StoreError.diskFull {
            // The journal lacks its last line; nothing else is lost.
        }
        try StoreError.translating(path) {
            queue.writeWithoutTransaction { _ in memory.close() }
            try queue.close()
        }
    }

    /// Only inside the queue.
    private func note(_ event: JournalEntry) { memory.journal.note(event, at: now()) }

    private func transaction<Result>(_ body: (Database) throws -> Result) throws -> Result {
        if let error = failure.withLock({ $0 }) { throw error }
        do {
            return try StoreError.translating(path) {
                try queue.writeWithoutTransaction { db in
                    let journal = memory.journal
                    do {
                        var result: Result?
                        try db.inTransaction(.immediate) {
                            result = try body(db)
                            try memory.journal.write(memory.statements)
                            return .commit
                        }
                        guard let result else { throw StoreError.refused(path: path, detail: "no transaction ran") }
                        return result
                    } catch {
                        memory.journal = journal
                        memory.forget()
                        throw error
                    }
                }
            }
        } catch let error as StoreError {
            if error.isFinal { giveUp(error) }
            throw error
        }
    }

    /// Never uses the connection again, not even to close it: closing would write and sync.
    private func giveUp(_ error: StoreError) {
        failure.withLock { $0 = error }
        _ = Unmanaged.passRetained(queue)
        _ = Unmanaged.passRetained(memory)
    }
}
