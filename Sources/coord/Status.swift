import ArgumentParser
import Daemons
import Foundation
import Wire

/// `coord status`: how the runs and workers of a coordinator stand.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print how a coordinator's runs and workers stand.")

    @Argument(help: ArgumentHelp("A run; all of them without one.", valueName: "run"))
    var name: String = ""

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    @OptionGroup var connection: Connection

    func run() throws {
        let status = try connection.open().status(run: name)
        print(json ? try JSONLine.pretty(StatusJSON(status)) : StatusText.text(status))
    }
}

/// `coord cancel`: gives a run up.
struct Cancel: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Give a run up; its stored scores stay.")

    @Argument(help: ArgumentHelp("The run.", valueName: "run"))
    var name: String

    @OptionGroup var connection: Connection

    func run() throws {
        let cancelled = try connection.open().cancel(run: name)
        print("\(cancelled.run): \(cancelled.state)")
    }
}

/// A status for scripts.
struct StatusJSON: Encodable {
    let runs: [Run]
    let workers: [Worker]

    struct Run: Encodable {
        let run, name, state: String
        let rows, rowsExpected, failures: UInt64
        let tokensPerSecond: Double
        /// Nil while unknown.
        let secondsLeft: Double?
        let awaitedEngines: [String]

        enum CodingKeys: String, CodingKey {
            case run, name, state, rows, failures
            case rowsExpected = "rows_expected"
            case tokensPerSecond = "tokens_per_second"
            case secondsLeft = "seconds_left"
            case awaitedEngines = "awaited_engines"
        }
    }

    struct Worker: Encodable {
        let key, host, engine, state: String
        let leases: UInt32
        let tokensPerSecond: Double
        let residentBytes, secondsSinceHeartbeat: UInt64

        enum CodingKeys: String, CodingKey {
            case key, host, engine, state, leases
            case tokensPerSecond = "tokens_per_second"
            case residentBytes = "resident_bytes"
            case secondsSinceHeartbeat = "seconds_since_heartbeat"
        }
    }

    init(_ status: WireStatus) {
        runs = status.runs.map {
            Run(
                run: $0.run, name: $0.name, state: $0.state, rows: $0.rows, rowsExpected: $0.rowsExpected,
                failures: $0.failures, tokensPerSecond: $0.tokensPerSecond,
                secondsLeft: $0.secondsLeft < 0 ? nil : $0.secondsLeft, awaitedEngines: $0.awaitedEngines)
        }
        workers = status.workers.map {
            Worker(
                key: $0.key, host: $0.host, engine: $0.engine, state: $0.state, leases: $0.leases,
                tokensPerSecond: $0.tokensPerSecond, residentBytes: $0.residentBytes,
                secondsSinceHeartbeat: $0.secondsSinceHeartbeat)
        }
    }
}

/// A status for people.
enum StatusText {
    static func text(_ status: WireStatus) -> String {
        var lines = status.runs.map { run in
            let share = run.rowsExpected == 0 ? 100 : 100 * run.rows / run.rowsExpected
            var line = "\(run.run): \(run.state), \(run.rows) of \(run.rowsExpected) documents (\(share) %)"
            if run.failures > 0 { line += ", \(run.failures) failed" }
            if run.state == "running", run.secondsLeft >= 0 {
                line += ", \(Int(run.tokensPerSecond)) tokens/s, \(clockText(seconds: run.secondsLeft)) left"
            }
            for engine in run.awaitedEngines {
                line += "\n  waits for a worker with the engine \(engine), which its rows have"
            }
            return line
        }
        if lines.isEmpty { lines.append("no runs yet") }
        lines.append(status.workers.isEmpty ? "no workers" : "workers:")
        lines += status.workers.map { worker in
            "  \(worker.host)  \(worker.engine)  \(worker.state)  \(Int(worker.tokensPerSecond)) tokens/s  "
                + "\(worker.residentBytes >> 20) MiB  heard \(worker.secondsSinceHeartbeat) s ago  \(worker.key)"
        }
        return lines.joined(separator: "\n")
    }
}
