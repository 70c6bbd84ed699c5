import ArgumentParser
import Cluster
import Daemons
import Foundation
import Messaging
import Reports
import Store

/// `coord report`: a run's results from its store.
struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a run's results: from its store, beside its coordinator or without one, or from a coordinator."
    )

    /// How results are printed.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case table, markdown, latex, csv, json
        case lmEval = "lm-eval"
        case html

        /// The same as one text; nil for files.
        var text: ReportFormat? { ReportFormat(rawValue: rawValue) }
    }

    @Argument(help: ArgumentHelp("The run; the store's latest without one.", valueName: "run"))
    var name: String?

    @Option(name: .long, help: "The results store.", completion: .file(extensions: ["sqlite"]))
    var store = "molt.sqlite"

    @Option(
        name: .long,
        help: """
            table (lm-evaluation-harness's layout, then the paper's), markdown, latex (booktabs), csv (a line a figure), \
            json, html (one page with charts), or lm-eval (the harness's results and samples files, written to the folder \
            --output).
            """)
    var format: Format = .table

    @Flag(name: .long, help: "The same as --format json.")
    var json = false

    @Option(
        name: .shortAndLong, help: "The file to write instead of standard output; for --format lm-eval the folder.",
        completion: .file())
    var output: String?

    @Option(name: .long, help: "Ask this coordinator instead of a store, such as tcp://host:5555.")
    var coordinator: String?

    @Option(name: .long, help: "With --coordinator: your secret key file.", completion: .file())
    var key: String = KeyFolder.standard.file("client")

    @Option(name: .long, help: "With --coordinator: its public key file.", completion: .file())
    var coordinatorKey: String = KeyFolder.standard.file("coordinator") + ".pub"

    func validate() throws {
        guard format != .lmEval || coordinator == nil else {
            throw ValidationError("--format lm-eval writes files from a store: leave --coordinator out")
        }
        guard format != .lmEval || output != nil else {
            throw ValidationError("--format lm-eval writes files: name their folder with --output")
        }
    }

    func run() throws {
        let format = json ? .json : format
        let state = try coordinator.map { try ask($0, format) } ?? read(format)
        if state == RunState.incomplete.rawValue || state == RunState.cancelled.rawValue { throw Exit.incomplete }
    }

    /// Prints a report from the store; returns the run's state.
    private func read(_ format: Format) throws -> String {
        try StoreReader(store).read { view in
            let run = try name ?? view.latestRun()
            if let format = format.text {
                try write(format.text(of: try RunReport(view, run: run)))
            } else {
                let folder = URL(fileURLWithPath: output ?? ".")
                for file in try HarnessExport.write(view, run: run, to: folder) { print(file.path) }
            }
            return try view.run(run).state.rawValue
        }
    }

    /// Prints a report that a coordinator made; returns the run's state.
    private func ask(_ endpoint: String, _ format: Format) throws -> String {
        let client = try ClientConnection(
            to: endpoint, coordinatorKey: KeyFile.readPublic(coordinatorKey), keys: KeyFile.readSecret(key))
        let runs = try client.status(run: name ?? "").runs
        guard let run = runs.last else { throw ValidationError("the coordinator at \(endpoint) has no runs yet") }
        try write(client.report(run: run.run, format: format.text ?? .table))
        return run.state
    }

    private func write(_ text: String) throws {
        guard let output else {
            FileHandle.standardOutput.write(Data(text.utf8))
            return
        }
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: output), options: .atomic)
        } catch let error as CocoaError {
            throw ReportError.notWritable(path: output, detail: error.localizedDescription)
        }
    }
}

extension StoreView {
    /// The run that was accepted last.
    func latestRun() throws -> String {
        guard let latest = try runs().last else { throw ValidationError("\(path): the store has no runs yet") }
        return latest.run
    }
}
