import ArgumentParser
import Daemons
import Foundation
import Jobs
import Wire
import Wording

/// `coord submit`: hands a job to a coordinator.
struct Submit: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hand a job to a coordinator; prints the run's name.",
        discussion: """
            The coordinator reads models, rows and tokenizer at the paths that the job names, or in its own cache what \
            the job names without one, and accepts the run once all are read and checked. With --dry-run nothing is \
            sent: it prints what the job would do and what is missing.
            """)

    @Argument(help: "The job file.", completion: .file(extensions: ["yaml", "yml", "json"]))
    var job: String

    @Flag(name: .long, help: "Only check the job and print its cells, documents, tokens and estimated FLOPs.")
    var dryRun = false

    @Flag(name: .long, help: "Compute every row anew, also those that an earlier run has under the same identity.")
    var fresh = false

    @Option(name: .long, help: "Runs of higher priority go first, always; those of equal priority share the workers.")
    var priority: Int32 = 0

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    @OptionGroup var connection: Connection

    private struct Answer: Encodable {
        let run: String
        let cells: UInt32
        let documents: UInt64
        let shards: UInt32
        let rowsReused: UInt64

        enum CodingKeys: String, CodingKey {
            case run, cells, documents, shards
            case rowsReused = "rows_reused"
        }
    }

    func run() throws {
        let file = try JobFile(contentsOf: URL(fileURLWithPath: job))
        if dryRun {
            let dry = try DryRun(file, planner: Planner(locator: CachedInputs()))
            print(json ? try JSONLine.pretty(dry) : dry.description)
            if !dry.missing.isEmpty { throw Exit.missing }
            return
        }
        let submitted = try connection.open().submit(file.canonicalJSON, fresh: fresh, priority: priority)
        if json {
            let answer = Answer(
                run: submitted.run, cells: submitted.cells, documents: submitted.examples, shards: submitted.shards,
                rowsReused: submitted.rowsReused)
            print(try JSONLine.pretty(answer))
        } else {
            print(submitted.run)
            Terminal.note(
                "\(counted(submitted.cells, "cell")), \(counted(submitted.examples, "document")) in "
                    + counted(submitted.shards, "shard"))
            if submitted.rowsReused > 0 {
                Terminal.note("\(counted(submitted.rowsReused, "row")) taken over from earlier runs")
            }
        }
    }
}
