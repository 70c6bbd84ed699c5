import ArgumentParser
import Daemons

/// `worker health`: how a worker on this machine stands, for probes.
struct Health: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print how a worker that was started with --health stands.",
        discussion: """
            Exits with 1 if it has not said so for \(Int(HealthFile.patience)) s: it hangs or has died. A worker without \
            a coordinator is alive, for it goes on computing.
            """)

    @Option(name: .long, help: "The file that the worker writes.", completion: .file())
    var health: String

    @Flag(name: .long, help: "Exit with 1 also if it has no coordinator, or leaves.")
    var connected = false

    func run() throws {
        let state = try HealthFile(health).read()
        print(state)
        if connected, !["ready", "working"].contains(state) { throw HealthError.unconnected(state: state) }
    }
}
