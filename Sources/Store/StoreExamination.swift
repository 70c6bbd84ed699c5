import Cluster
import Foundation
import GRDB
import Wording

/// Looks at a results store from end to end, and changes nothing in it.
public struct StoreExamination {
    private let path: String

    public init(_ path: String) { self.path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path }

    /// Everything that can be said of the store, in the order in which it was looked at.
    public func findings() -> [Finding] {
        var findings = [lock(), log()]
        do {
            let queue = try StoreConnection.reader(path)
            defer { try? queue.close() }
            try StoreView.read(queue, path: path) { view in
                findings.insert(Finding("store", .ok, "\(path), schema \(Schema.current)"), at: 0)
                findings += try pages(view.db)
                findings += try references(view.db)
                findings += try runs(view)
                findings.append(try RowExamination(view).finding())
                findings += try liars(view)
            }
        } catch {
            findings.append(Finding("store", .failed, "\(error)"))
        }
        return findings
    }

    /// The process that writes the store; nil if nobody does.
    public var writer: String? { StoreLock.holder(store: path) }

    private func lock() -> Finding {
        Finding("store writer", .ok, writer.map { "in use by \($0)" } ?? "nobody writes it now")
    }

    /// The write-ahead log that is not in the file yet.
    private func log() -> Finding {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path + "-wal")
        let mebibytes = (attributes?[.size] as? Int ?? 0) >> 20
        guard mebibytes >= 512 else { return Finding("store log", .ok, "\(mebibytes) MiB") }
        return Finding(
            "store log", .warning,
            "\(path)-wal has \(mebibytes) MiB: a reader keeps it from being written back; close programs that have the "
                + "store open for long")
    }

    private func pages(_ db: Database) throws -> [Finding] {
        let verdict = try String.fetchAll(db, sql: "PRAGMA integrity_check(5)")
        if verdict == ["ok"] { return [Finding("store pages", .ok, "every page and index is sound")] }
        return [
            Finding(
                "store pages", .failed, "\(StoreError.corrupt(path: path, detail: verdict.joined(separator: "; ")))")
        ]
    }

    private func references(_ db: Database) throws -> [Finding] {
        let orphans = try Row.fetchAll(
            db, sql: "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2")
        if orphans.isEmpty { return [Finding("store references", .ok, "every row refers to what is there")] }
        return orphans.map { row in
            let (table, parent, count) = (row[0] as String, row[1] as String, row[2] as Int)
            return Finding(
                "store references", .failed,
                "\(counted(count, "row")) of \(table) without the row of \(parent) that belongs to it: the file was changed by something other "
                    + "than Molt; restore a copy")
        }
    }

    /// Promise 1: stored rows = manifest − named failures.
    private func runs(_ view: StoreView) throws -> [Finding] {
        try view.runs().flatMap { run in
            var findings = [rows(run)]
            let disagreements = try view.disagreements(run: run.run).count
            if disagreements > 0 {
                findings.append(
                    Finding(
                        "run \(run.run)", .warning,
                        "\(counted(disagreements, "repeated row differs", "repeated rows differ")) from what is stored: some engine or worker is not exact; "
                            + "compute the run again with other workers and compare"))
            }
            for tainted in try view.rowsOfRevokedWorkers(run: run.run) {
                findings.append(
                    Finding(
                        "run \(run.run)", .warning,
                        "\(counted(tainted.rows, "row was", "rows were")) computed by \(tainted.worker), whose key was revoked since "
                            + "(\(tainted.detail)): submit the job again, which computes them anew"))
            }
            return findings
        }
    }

    private func rows(_ run: RunRecord) -> Finding {
        let named = run.failures == 0 ? "" : ", \(run.failures) named failures"
        let detail = "\(run.state.rawValue), \(run.rows) of \(counted(run.rowsExpected, "row"))\(named)"
        let isWhole =
            switch run.state {
            case .complete: run.rows == run.rowsExpected
            case .incomplete: run.rows + run.failures == run.rowsExpected
            case .running, .cancelled: run.rows + run.failures <= run.rowsExpected
            }
        if isWhole { return Finding("run \(run.run)", .ok, detail) }
        return Finding(
            "run \(run.run)", .failed,
            detail + ": rows are missing that nobody gave up, so the file was changed by something other than Molt; "
                + "restore a copy, or submit the job again")
    }

    private func liars(_ view: StoreView) throws -> [Finding] {
        let revoked = try view.revocations()
        if revoked.isEmpty { return [Finding("workers", .ok, "none was revoked")] }
        return revoked.map {
            Finding("workers", .warning, "\($0.worker) is revoked: \($0.detail); take its key out of authorized_keys")
        }
    }
}
