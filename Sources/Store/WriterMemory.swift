import Cluster
import GRDB

/// What the writing connection remembers between commits: compiled statements, and numbers that never change.
///
/// Only touched inside the store's queue. What a transaction remembered is forgotten when it is rolled back.
final class WriterMemory: @unchecked Sendable {
    private var compiled: WriterStatements?
    /// The shards of jobs.
    var places = BoundedTable<JobID, JobPlace>(limit: 65_536)
    /// What a worker must know of a cell's jobs.
    var orders = BoundedTable<Int64, JobOrder>(limit: 4096)
    /// The workers that hold or held leases, revoked ones left out.
    var holders = BoundedTable<LeasePlace, Int64>(limit: 65_536)
    var workers = BoundedTable<WorkerKey, Int64>(limit: 65_536)
    var engines = BoundedTable<EngineDescription, Int64>(limit: 1024)
    /// Engines that are known to score cells.
    private var admissions = BoundedTable<Admission, Bool>(limit: 65_536)
    var journal = Journal()

    init(_ db: Database) throws { compiled = try WriterStatements(db) }

    var statements: WriterStatements {
        get throws {
            guard let compiled else { throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "the store was closed") }
            return compiled
        }
    }

    /// Lets go of the statements, without which the connection can be closed.
    func close() { compiled = nil }

    func forget() {
        places.removeAll()
        orders.removeAll()
        holders.removeAll()
        workers.removeAll()
        engines.removeAll()
        admissions.removeAll()
    }

    /// Where a job is stored; nil for an unknown job.
    func place(of job: JobID) throws -> JobPlace? {
        if let place = places[job] { return place }
        let place = try statements.place.first({ $0.bind(job) }, JobPlace.init)
        places[job] = place
        return place
    }

    /// The worker that holds or held a lease, unless it is revoked.
    func holder(of lease: LeasePlace) throws -> Int64? {
        if let holder = holders[lease] { return holder }
        let holder = try statements.holder.first(
            {
                $0.bind(lease.shard)
                $0.bind(lease.epoch)
            }, { $0.integer(0) })
        holders[lease] = holder
        return holder
    }

    /// Lets an engine score a cell; the schema refuses one of another identity than the cell's model is bound to.
    func admit(_ admission: Admission) throws {
        if admissions[admission] == true { return }
        try statements.admit.execute {
            $0.bind(admission.cell)
            $0.bind(admission.engine)
        }
        admissions[admission] = true
    }

    /// The number of a worker's key, which is new now or known.
    func number(ofWorker key: WorkerKey) throws -> Int64 {
        if let number = workers[key] { return number }
        try statements.addWorker.execute { $0.bind(key) }
        let number = try statements.worker.first({ $0.bind(key) }, { $0.integer(0) })
        workers[key] = number
        return number ?? 0
    }

    /// The number of an engine, which is new now or known.
    func number(of engine: EngineDescription) throws -> Int64 {
        if let number = engines[engine] { return number }
        func bind(_ binder: inout BoundStatement.Binder) {
            binder.bind(engine.build)
            binder.bind(engine.name)
            binder.bind(engine.identity)
        }
        try statements.addEngine.execute(bind)
        let number = try statements.engine.first(bind) { $0.integer(0) }
        engines[engine] = number
        return number ?? 0
    }
}

/// The numbers of a job's shard, of its cell and of the benchmark whose examples they are.
struct JobPlace {
    let shard, cell, benchmark: Int64
    /// Whether its rows have measurements.
    let measures: Bool
}

/// An engine's place among those that may score a cell.
struct Admission: Hashable {
    let cell, engine: Int64
}

/// The key of a lease.
struct LeasePlace: Hashable {
    let shard, epoch: Int64
}

/// A table in memory that is emptied when it is full: its values can always be found again.
struct BoundedTable<Key: Hashable, Value> {
    let limit: Int
    private var values: [Key: Value] = [:]

    init(limit: Int) { self.limit = limit }

    subscript(key: Key) -> Value? {
        get { values[key] }
        set {
            if values.count >= limit { values.removeAll(keepingCapacity: true) }
            values[key] = newValue
        }
    }

    mutating func removeAll() { values.removeAll(keepingCapacity: true) }
}
