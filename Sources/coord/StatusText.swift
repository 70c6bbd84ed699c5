import Daemons
import Foundation
import Wire

/// A status for people. What peers say of themselves is printed without control characters.
enum StatusText {
    static func text(_ status: WireStatus) -> String {
        var lines = status.runs.flatMap(lines)
        if lines.isEmpty { lines.append("no runs yet") }
        lines.append(status.workers.isEmpty ? "no workers" : "workers:")
        lines += table(status.workers).map { "  \($0)" }
        return lines.joined(separator: "\n")
    }

    /// A run, and what it waits for.
    static func lines(_ run: WireStatus.Run) -> [String] {
        let share = run.rowsExpected == 0 ? 100 : 100 * run.rows / run.rowsExpected
        var line = "\(run.run): \(run.state), \(run.rows) of \(run.rowsExpected) documents (\(share) %)"
        if run.failures > 0 { line += ", \(run.failures) failed" }
        if run.state == "running" {
            if run.secondsLeft >= 0 {
                line += ", \(Int(run.tokensPerSecond)) tokens/s, \(clockText(seconds: run.secondsLeft)) left"
            }
            if run.jobsOpen > 0 { line += ", \(run.jobsLeased) of \(run.jobsOpen) jobs under way" }
            if run.checksOpen > 0 { line += ", \(run.checksOpen) rows to check" }
            if run.priority != 0 { line += ", priority \(run.priority)" }
        }
        return [line]
            + run.awaitedEngines.map { "  waits for a worker with the engine \($0.plain), which its rows have" }
            + run.awaitedPrecisions.map { "  waits for a worker that computes in \($0.plain)" }
            + run.awaitedMeasures.map { "  waits for a worker that measures \($0.plain): update the workers" }
    }

    /// The workers as a table with its head; nothing without workers.
    static func table(_ workers: [WireStatus.Worker]) -> [String] {
        guard !workers.isEmpty else { return [] }
        let head = [
            "NAME", "HOST", "ENGINE", "STATE", "MODEL", "WORK", "TOKENS/S", "ROWS", "FAILED", "AGREED/WRONG", "MEMORY",
            "HEARD", "KEY",
        ]
        return aligned([head] + workers.map(row))
    }

    private static func row(_ worker: WireStatus.Worker) -> [String] {
        let state = worker.quarantineSeconds > 0 ? "\(worker.state), \(worker.quarantineSeconds) s" : worker.state
        let work = worker.work.map { work in
            let purpose = work.purpose == .score ? "" : " \(work.purpose.word)"
            return "\(work.job.prefix(8).description.plain) \(work.examplesDone)/\(work.examples)\(purpose)"
        }
        return [
            worker.name.isEmpty ? "-" : worker.name.plain, worker.host.plain, worker.engine.plain, state.plain,
            worker.model.isEmpty ? "-" : worker.model.plain,
            work.isEmpty ? (worker.leases == 0 ? "-" : "\(worker.leases) jobs") : work.joined(separator: ", "),
            worker.tokensPerSecond > 0 ? String(Int(min(worker.tokensPerSecond, 1e15))) : "-", String(worker.rows),
            String(worker.failures), "\(worker.agreed)/\(worker.wrong)",
            "\(worker.residentBytes >> 20) MiB", "\(worker.secondsSinceHeartbeat) s ago", worker.key.plain,
        ]
    }

    /// Rows with their columns below each other, two spaces apart.
    static func aligned(_ rows: [[String]]) -> [String] {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.indices.map { column in
                let isLast = column == row.count - 1
                return isLast ? row[column] : row[column].padding(toLength: widths[column], withPad: " ", startingAt: 0)
            }
            return cells.joined(separator: "  ")
        }
    }

    static func line(_ event: WireStatus.Event) -> String {
        let run = event.run.isEmpty ? "" : "  \(event.run)"
        return "\(timeOfDay(event.at))  \(event.kind.plain)\(run)  \(event.detail.plain)"
    }
}
