import ArgumentParser
import Daemons
import Settings

/// `coord`: everything but the workers.
@main
struct Coord: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coord",
        abstract: "Evaluates Mamba language models under token reduction, on one machine or many.",
        discussion: """
            `coord run JOB` does everything on this machine. On a cluster, `coord serve` coordinates, `worker` computes,
            and `coord submit JOB` hands a job in.

            Exit codes: 0 done · 1 failed · 2 the run ended incomplete · 3 something that the job names is missing · \
            64 wrong usage · 130 interrupted.
            """,
        version: Build.name,
        subcommands: [
            Run.self, Serve.self, Submit.self, Status.self, Watch.self, Workers.self, Drain.self, Cancel.self,
            Resume.self, Report.self, Compare.self, ClusterCommand.self, Keygen.self, Inspect.self, MakeModel.self,
            Requests.self, Schema.self, Fetch.self, DoctorCommand.self,
        ])

    static func main() async {
        do {
            var command = try parseCompleted(
                Settings.Scope(
                    whole: ["serve"], everywhere: ["coordinator", "key", "coordinator-key", "store", "keys"]))
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            exit(withError: error)
        }
    }
}

/// What a script can tell from the exit status.
enum Exit {
    /// The run ended, but not every example has its score.
    static let incomplete = ExitCode(2)
    /// A model, a data file or the tokenizer that a job names is not there.
    static let missing = ExitCode(3)
    static let interrupted = ExitCode(130)
}
