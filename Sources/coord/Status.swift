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
        print(json ? try status.jsonString() : StatusText.text(status))
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
