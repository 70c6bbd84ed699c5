import ArgumentParser
import Reports
import Store

/// `coord compare`: two runs, or two reductions of one, document by document.
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare two runs, or two reductions of one run, document by document.",
        discussion: """
            Cells of equal benchmark, model, reduction and precision are paired; what each side has exactly one of need \
            not be equal. `coord compare RUN --between none 'utrc flops=0.2'` compares two reductions of one run by their \
            labels in its report.
            """)

    /// How the comparison is printed.
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case table, markdown, json
    }

    @Argument(help: ArgumentHelp("The run to compare against, or a job's name for its latest run.", valueName: "run"))
    var baseline: String

    @Argument(help: ArgumentHelp("The run to compare; without one, the same run, with --between.", valueName: "other"))
    var candidate: String?

    @Option(
        name: .long, parsing: .upToNextOption,
        help: ArgumentHelp(
            "A reduction of the first run and one of the second, by label or method.", valueName: "label label"))
    var between: [String] = []

    @Option(name: .long, help: "The results store.", completion: .file(extensions: ["sqlite"]))
    var store = "molt.sqlite"

    @Option(name: .long, help: "The second run's store, if it is another.", completion: .file(extensions: ["sqlite"]))
    var storeB: String?

    @Option(name: .long, help: "table, markdown or json.")
    var format: Format = .table

    @Flag(name: .long, help: "The same as --format json.")
    var json = false

    @Flag(name: .long, help: "List every document that one side answers rightly and the other does not.")
    var flips = false

    func validate() throws {
        guard between.isEmpty || between.count == 2 else {
            throw ValidationError("--between takes two labels: the baseline's and the candidate's")
        }
        guard candidate != nil || !between.isEmpty else {
            throw ValidationError("name a second run, or two reductions of this one with --between")
        }
    }

    func run() throws {
        let first = try read(baseline, from: store)
        let second =
            candidate == nil && storeB == nil
            ? first : try read(candidate ?? baseline, from: storeB ?? store)
        let comparison = try ComparisonOfRuns(
            baseline: first, candidate: second, between: between.isEmpty ? nil : (between[0], between[1]))
        switch json ? .json : format {
        case .table: print(comparison.text(flips: flips), terminator: "")
        case .markdown: print(comparison.text(heading: "## ", flips: flips), terminator: "")
        case .json: print(comparison.json())
        }
        if comparison.isPartial { throw Exit.incomplete }
    }

    private func read(_ name: String, from store: String) throws -> ComparableRun {
        try StoreReader(store).read { try ComparableRun($0, run: $0.run(namedLike: name)) }
    }
}
