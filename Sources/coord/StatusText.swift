import Daemons
import Dashboard
import Foundation
import Wire
import Wording

/// A status for people. What peers say of themselves is printed without control characters.
enum StatusText {
    static func text(_ status: WireStatus) -> String {
        var lines = status.runs.flatMap { self.lines($0, among: status.workers.count) }
        if lines.isEmpty { lines.append("no runs yet") }
        lines.append(status.workers.isEmpty ? noWorkers(status) : "workers:")
        lines += table(status.workers).map { "  \($0)" }
        return lines.joined(separator: "\n")
    }

    /// That no worker is connected, which is no cause for alarm right after a start.
    static func noWorkers(_ status: WireStatus) -> String {
        // Starts are numbered by their time, in milliseconds.
        let age = Date.now.timeIntervalSince1970 - Double(status.incarnation) / 1000
        guard (0..<60).contains(age) else { return "no workers" }
        return "no workers yet: the coordinator started \(Int(age)) s ago; those that it had come back by themselves"
    }

    /// A run, and what it waits for among so many workers.
    static func lines(_ run: WireStatus.Run, among workers: Int) -> [String] {
        let share = run.rowsExpected == 0 ? 100 : 100 * run.rows / run.rowsExpected
        var line = "\(run.run): \(run.state), \(run.rows) of \(counted(run.rowsExpected, "document")) (\(share) %)"
        if run.failures > 0 { line += ", \(run.failures) failed" }
        if run.state == "running" {
            if run.secondsLeft >= 0 {
                line += ", \(Int(run.tokensPerSecond)) tokens/s, \(clockText(seconds: run.secondsLeft)) left"
            }
            if run.jobsOpen > 0 { line += ", \(run.jobsLeased) of \(counted(run.jobsOpen, "job")) under way" }
            if run.checksOpen > 0 { line += ", \(counted(run.checksOpen, "row")) to check" }
            if run.priority != 0 { line += ", priority \(run.priority)" }
        }
        var waits = run.awaitedEngines.map { "  waits for a worker with the engine \($0.plain), which its rows have" }
        if workers > 0 {
            waits += run.awaitedPrecisions.map { "  waits for a worker that computes in \($0.plain)" }
            waits += run.awaitedMeasures.map { "  waits for a worker that measures \($0.plain): update the workers" }
        }
        if run.barredWorkers > 0 {
            let barred = counted(run.barredWorkers, "worker of another engine gets", "workers of other engines get")
            waits.append("  its rows are of \(run.boundEngines.joined(separator: ", ").plain): \(barred) no more of it")
        }
        return [line] + waits
    }

    /// The workers as a table with its head; nothing without workers.
    static func table(_ workers: [WireStatus.Worker]) -> [String] {
        guard !workers.isEmpty else { return [] }
        let head = [
            "NAME", "HOST", "ENGINE", "STATE", "MODEL", "WORK", "TOKENS/S", "ROWS", "FAILED", "AGREED/WRONG", "MEMORY",
            "HEARD", "DEVICE", "KEY",
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
            work.isEmpty ? (worker.leases == 0 ? "-" : counted(worker.leases, "job")) : work.joined(separator: ", "),
            worker.tokensPerSecond > 0 ? String(Int(min(worker.tokensPerSecond, 1e15))) : "-", String(worker.rows),
            String(worker.failures), "\(worker.agreed)/\(worker.wrong)",
            "\(worker.residentBytes >> 20) MiB", "\(worker.secondsSinceHeartbeat) s ago",
            worker.hasDevice ? worker.device.summary.plain : "-", worker.key.plain,
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
