import Cluster
import Foundation
import GRDB
import Wire

extension StoreView {
    /// How the examples of a job are computed; nil for an unknown job.
    public func order(of job: JobID) throws -> JobOrder? {
        if let memory { return try memory.place(of: job).flatMap { try memory.order(ofCell: $0.cell, db) } }
        guard let cell = try Int64.fetchOne(db, sql: "SELECT cell FROM shards WHERE job = ?", arguments: [job]) else {
            return nil
        }
        return try JobOrder.find(cell: cell, db)
    }

    /// The requests of some examples of a job, in the order asked for; unknown ones are left out.
    public func requests(job: JobID, examples: some Sequence<UInt32>) throws -> [WireExample] {
        try requests(job, Array(examples)) { try? WireExample(serializedBytes: $0) }
    }

    /// The same as it is stored: each an encoded `WireExample`, of whose form alone this makes sure.
    public func encodedRequests(job: JobID, examples: some Sequence<UInt32>) throws -> [Data] {
        try requests(job, Array(examples)) { WireExample.hasForm($0) ? $0 : nil }
    }

    /// `read` gives nil for what is no example.
    private func requests<Request>(_ job: JobID, _ wanted: [UInt32], _ read: (Data) -> Request?) throws -> [Request] {
        guard let first = wanted.min(), let last = wanted.max() else { return [] }
        let statements = try memory?.statements ?? WriterStatements(db)
        let place = try memory?.place(of: job) ?? statements.place.first({ $0.bind(job) }, JobPlace.init)
        guard let place else { return [] }
        let set = wanted.count > 1 ? Set(wanted) : []
        var requests: [UInt32: Request] = [:]
        try statements.requests.forEach(
            {
                $0.bind(place.benchmark)
                $0.bind(place.shard)
                $0.bind(first)
                $0.bind(last)
            },
            { row in
                let example = UInt32(clamping: row.integer(0))
                guard wanted.count == 1 || set.contains(example) else { return }
                guard let request = read(row.data(1)) else {
                    throw StoreError.unreadable(path: path, detail: "requests of document \(example) cannot be decoded")
                }
                requests[example] = request
            })
        return wanted.compactMap { requests[$0] }
    }
}

extension JobOrder {
    /// How the examples of a cell's jobs are computed.
    static func find(cell: Int64, _ db: Database) throws -> JobOrder? {
        let statement = try db.cachedStatement(
            sql: """
                SELECT runs.run, cells.ordinal, models.model, models.path, models.sha256, models.summary,
                    models.parameters, cells.reduction, benchmarks.benchmark, cells.precision
                FROM cells JOIN runs ON runs.id = cells.run
                JOIN models ON models.id = cells.model JOIN benchmarks ON benchmarks.id = cells.benchmark
                WHERE cells.id = ?
                """)
        return try Row.fetchOne(statement, arguments: [cell]).map { row in
            JobOrder(
                run: row[0], cell: row[1],
                model: ManifestModel(id: row[2], path: row[3], sha256: row[4], summary: row[5], parameters: row[6]),
                reduction: row[7], benchmark: row[8], precision: row[9])
        }
    }
}

extension WriterMemory {
    /// How the examples of a cell's jobs are computed; found once.
    func order(ofCell cell: Int64, _ db: Database) throws -> JobOrder? {
        if let order = orders[cell] { return order }
        let order = try JobOrder.find(cell: cell, db)
        orders[cell] = order
        return order
    }
}

extension JobPlace {
    init(_ row: BoundStatement.Columns) {
        shard = row.integer(0)
        cell = row.integer(1)
        benchmark = row.integer(2)
        measures = row.integer(3) != 0
    }
}
