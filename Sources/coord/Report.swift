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
        case table, markdown, latex, csv, json
        case lmEval = "lm-eval"
        case html
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

    func validate() throws {
        guard format != .lmEval || output != nil else {
            throw ValidationError("--format lm-eval writes files: name their folder with --output")
        }
    }

    func run() throws {
        let reader = try StoreReader(store)
        let state = try reader.read { view in
            let run = try name ?? view.latestRun()
            let format = json ? .json : format
            if format == .lmEval {
                let folder = URL(fileURLWithPath: output ?? ".")
                for file in try HarnessExport.write(view, run: run, to: folder) { print(file.path) }
            } else {
                try write(text(of: try RunReport(view, run: run), format))
            }
            return try view.run(run).state
        }
        if state == .incomplete || state == .cancelled { throw Exit.incomplete }
    }

    private func text(of report: RunReport, _ format: Format) -> String {
        switch format {
        case .table, .lmEval: report.table()
        case .markdown: report.markdown()
        case .latex: report.latex()
        case .csv: report.csv()
        case .json: report.json() + "\n"
        case .html: report.html()
        }
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
