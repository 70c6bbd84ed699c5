import Cluster
import Foundation
import GRDB
import Wire

extension StoreView {
    /// How the examples of a job are computed; nil for an unknown job.
    public func order(of job: JobID) throws -> JobOrder? {
        let statement = try db.cachedStatement(
            sql: """
                SELECT runs.run, cells.ordinal, models.model, models.path, models.sha256, models.summary,
                    models.parameters, cells.reduction, benchmarks.benchmark, cells.precision
                FROM shards JOIN cells ON cells.id = shards.cell JOIN runs ON runs.id = cells.run
                JOIN models ON models.id = cells.model JOIN benchmarks ON benchmarks.id = cells.benchmark
                WHERE shards.job = ?
                """)
        return try Row.fetchOne(statement, arguments: [job]).map { row in
            JobOrder(
                run: row[0], cell: row[1],
                model: ManifestModel(id: row[2], path: row[3], sha256: row[4], summary: row[5], parameters: row[6]),
                reduction: row[7], benchmark: row[8], precision: row[9])
        }
    }

    /// The requests of some examples of a job, in the order asked for; unknown ones are left out.
    public func requests(job: JobID, examples: some Sequence<UInt32>) throws -> [WireExample] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT documents.requests FROM shards
                JOIN expected ON expected.cell = shards.cell AND expected.example = ?
                JOIN documents USING (benchmark, example)
                WHERE shards.job = ?
                """)
        return try examples.compactMap { example in
            guard let bytes = try Data.fetchOne(statement, arguments: [example, job]) else { return nil }
            do {
                return try WireExample(serializedBytes: bytes)
            } catch {
                throw StoreError.unreadable(path: path, detail: "requests of document \(example) cannot be decoded")
            }
        }
    }
}
