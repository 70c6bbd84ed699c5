import ArgumentParser
import Jobs

/// `coord schema`: the JSON Schema of job files.
struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the JSON Schema of job files, by which editors complete and check them.",
        discussion: """
            Save it beside a job file, and begin that with the line `# yaml-language-server: $schema=schema.json`.
            """)

    func run() { print(JobFile.schema, terminator: "") }
}
