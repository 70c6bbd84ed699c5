import ArgumentParser
import Daemons
import Dashboard
import Foundation
import Wire
import Wording

/// `coord workers`: who computes, what, and how well.
struct Workers: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a coordinator's workers: what they do, how fast, and how far they are to be trusted.",
        discussion: """
            WORK lists each lease with its finished documents; AGREED/WRONG counts rows that another worker computed \
            again. A quarantined worker gets no work for the time shown.
            """)

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    @OptionGroup var connection: Connection

    func run() throws {
        let workers = try connection.open().status().workers
        if json { return print(try JSONLine.pretty(workers.map(WorkerJSON.init))) }
        print(workers.isEmpty ? "no workers" : StatusText.table(workers).joined(separator: "\n"))
    }
}

/// `coord drain`: asks workers to leave.
struct Drain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask workers to finish their current documents, give back the rest, and leave.")

    @Argument(help: ArgumentHelp("Workers' keys, their names in authorized_keys, or hosts.", valueName: "worker"))
    var names: [String] = []

    @Flag(name: .long, help: "All workers that are connected.")
    var all = false

    @Flag(name: .long, help: "Print JSON: the keys of the workers that were asked.")
    var json = false

    @OptionGroup var connection: Connection

    func validate() throws {
        guard names.isEmpty == all, !names.contains("") else { throw ValidationError("name workers, or say --all") }
    }

    func run() throws {
        let coordinator = try connection.open()
        // The coordinator answers in keys; people know workers by their names.
        let workers = json ? [] : try coordinator.status().workers
        let keys = try all ? coordinator.drain(worker: "") : names.flatMap { try coordinator.drain(worker: $0) }
        if json { return print(try JSONLine.pretty(keys)) }
        for key in keys {
            let name = workers.first { $0.key == key }?.name.plain ?? ""
            print(name.isEmpty ? key : "\(name) (\(key))")
        }
        Terminal.note("\(counted(keys.count, "worker")) asked to leave")
    }
}
