import ArgumentParser
import Daemons
import Foundation
import Wire
import Wording

/// `coord status`: how the runs and workers of a coordinator stand.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print how a coordinator's runs and workers stand.")

    @Argument(help: ArgumentHelp("A run; all of them without one.", valueName: "run"))
    var name: String = ""

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    @Flag(name: .long, help: "Print also what the coordinator counts, and the last events.")
    var counters = false

    @OptionGroup var connection: Connection

    func run() throws {
        let status = try connection.open().status(run: name, watching: counters)
        if json { return print(try JSONLine.pretty(StatusJSON(status))) }
        print(StatusText.text(status))
        for line in StatusText.aligned(status.counters.map { [$0.name, String($0.value)] }) { print(line) }
        for event in status.events { print(StatusText.line(event)) }
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

/// `coord resume`: takes a run up again.
struct Resume: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take up a run that was cancelled or ended incomplete: what is missing is tried anew.")

    @Argument(help: ArgumentHelp("The run.", valueName: "run"))
    var name: String

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    @OptionGroup var connection: Connection

    private struct Answer: Encodable {
        let run: String
        let rowsMissing: UInt64

        enum CodingKeys: String, CodingKey {
            case run
            case rowsMissing = "rows_missing"
        }
    }

    func run() throws {
        let resumed = try connection.open().resume(run: name)
        if json { return print(try JSONLine.pretty(Answer(run: resumed.run, rowsMissing: resumed.rowsMissing))) }
        print("\(resumed.run): running, \(counted(resumed.rowsMissing, "document")) to score")
    }
}
