import ArgumentParser
import Daemons
import Foundation
import Reports
import Store

/// `coord report`: a run's results from its store.
struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a run's results from its store, beside its coordinator or without one.")

    /// How results are printed.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case table, json
        case lmEval = "lm-eval"
    }

    @Argument(help: ArgumentHelp("The run; the store's latest without one.", valueName: "run"))
    var name: String?

    @Option(name: .long, help: "The results store.", completion: .file(extensions: ["sqlite"]))
    var store = "molt.sqlite"

    @Option(
        name: .long,
        help: """
            table (lm-evaluation-harness's layout), json, or lm-eval (its results and samples files, written to the \
            folder --output).
            """)
    var format: Format = .table

    @Flag(name: .long, help: "The same as --format json.")
    var json = false

    @Option(name: .long, help: "The folder for --format lm-eval.", completion: .directory)
    var output: String?

    func validate() throws {
        guard format != .lmEval || output != nil else {
            throw ValidationError("--format lm-eval writes files: name their folder with --output")
        }
    }

    func run() throws {
        let reader = try StoreReader(store)
        let state = try reader.read { view in
            let run = try name ?? view.latestRun()
            switch json ? .json : format {
            case .table: print(try RunReport(view, run: run).table())
            case .json: print(try RunReport(view, run: run).json())
            case .lmEval:
                let folder = URL(fileURLWithPath: output ?? ".")
                for file in try HarnessExport.write(view, run: run, to: folder) { print(file.path) }
            }
            return try view.run(run).state
        }
        if state == .incomplete || state == .cancelled { throw Exit.incomplete }
    }
}

extension StoreView {
    /// The run that was accepted last.
    func latestRun() throws -> String {
        guard let latest = try runs().last else { throw ValidationError("\(path): the store has no runs yet") }
        return latest.run
    }
}
