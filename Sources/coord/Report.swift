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
        abstract:
            "Print a run's results: from its store, beside its coordinator or without one, or from a coordinator.",
        discussion: "`coord report -o run.html` writes a page; .md, .tex, .csv, .json and .txt are the other endings.")

    /// How results are printed: as one text, or as the harness's files in a folder.
    enum Format: Equatable, ExpressibleByArgument {
        case text(ReportFormat)
        case lmEval

        private static let lmEvalName = "lm-eval"

        init?(argument: String) {
            guard argument != Self.lmEvalName else {
                self = .lmEval
                return
            }
            guard let format = ReportFormat(rawValue: argument) else { return nil }
            self = .text(format)
        }

        static var allValueStrings: [String] { ReportFormat.allCases.map(\.rawValue) + [lmEvalName] }

        /// What each is, for help.
        static let summary =
            ReportFormat.allCases.map { "\($0.rawValue) (\($0.summary))" }.joined(separator: ", ")
            + " or lm-eval (the harness's results and samples files, written to the folder --output)"
    }

    @Argument(
        help: ArgumentHelp(
            "The run, or a job's name for its latest run; the store's latest without one.", valueName: "run"))
    var name: String?

    @Option(name: .long, help: "The results store.", completion: .file(extensions: ["sqlite"]))
    var store = "molt.sqlite"

    @Option(
        name: .long,
        help: "\(Format.summary); by default what the ending of --output says, else table.")
    var format: Format?

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

    /// What is asked for, in one word or the other.
    private func chosenFormat() throws -> Format {
        if json { return .text(.json) }
        if let format { return format }
        guard let ending = output.map({ URL(fileURLWithPath: $0).pathExtension }), !ending.isEmpty else {
            return .text(.table)
        }
        guard let chosen = ReportFormat.allCases.first(where: { $0.ending == ending }) else {
            let known = ReportFormat.allCases.map { ".\($0.ending)" }.joined(separator: ", ")
            throw ValidationError("no format has the ending .\(ending); known: \(known); or say --format")
        }
        return .text(chosen)
    }

    func validate() throws {
        _ = try chosenFormat()
        guard format != .lmEval || coordinator == nil else {
            throw ValidationError("--format lm-eval writes files from a store: leave --coordinator out")
        }
        guard format != .lmEval || output != nil else {
            throw ValidationError("--format lm-eval writes files: name their folder with --output")
        }
    }

    func run() throws {
        let format = try chosenFormat()
        let state = try coordinator.map { try ask($0, format) } ?? read(format)
        if state == RunState.incomplete.rawValue || state == RunState.cancelled.rawValue { throw Exit.incomplete }
    }

    /// Prints a report from the store; returns the run's state.
    private func read(_ format: Format) throws -> String {
        try StoreReader(store).read { view in
            let run = try name.map { try view.run(namedLike: $0) } ?? view.latestRun()
            switch format {
            case .text(let format): try write(format.text(of: try RunReport(view, run: run)))
            case .lmEval:
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
        guard case .text(let format) = format else { return run.state }
        try write(client.report(run: run.run, format: format))
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

    /// The run of a name, or else the latest of the job of that name.
    func run(namedLike name: String) throws -> RunID {
        let runs = try runHeads()
        return runs.contains { $0.run == name } ? name : runs.last { $0.name == name }?.run ?? name
    }
}
