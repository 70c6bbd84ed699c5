import ArgumentParser
import Backends
import Daemons
import Foundation
import Logging
import Messaging
import Settings
import Wording

/// `worker`: computes what a coordinator hands out, or requests from standard input.
@main
struct Worker: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Runs Mamba models: scores for a coordinator, or scores and generates from standard input.",
        version: Build.name, subcommands: [Work.self, Score.self, Generate.self, Bench.self, Health.self],
        defaultSubcommand: Work.self)

    /// The exit code where no GPU can be had.
    private static let noDevice: Int32 = 3

    static func main() {
        do {
            var command = try parseCompleted(Settings.Scope(whole: ["work"], everywhere: ["health"]))
            try command.run()
        } catch let fault as CUDAError {
            FileHandle.standardError.write(Data("Error: \(fault)\n".utf8))
            Foundation.exit(noDevice)
        } catch {
            exit(withError: error)
        }
    }
}

/// `worker --coordinator …`: works for a coordinator until it is told to stop.
struct Work: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work",
        abstract: "Work for a coordinator until SIGTERM, which returns unfinished work first.",
        discussion: """
            Exit codes: 0 left in order · 1 failed or rejected · 3 no GPU to be had with --backend cuda · 4 left rows in \
            the spool, which the next start delivers. Every option can also be set in the environment (--log-level as MOLT_LOG_LEVEL) or a file; see \
            docs/operations.md.
            """)

    @Option(name: .long, help: "Where the coordinator listens, such as tcp://host:5555.")
    var coordinator = "tcp://127.0.0.1:5555"

    @Option(name: .long, help: "This worker's secret key file; no two workers share one.", completion: .file())
    var key: String = KeyFolder.standard.file("worker")

    @Option(name: .long, help: "The coordinator's public key file.", completion: .file())
    var coordinatorKey: String = KeyFolder.standard.file("coordinator") + ".pub"

    @Option(
        name: .long, help: "A folder with a checkpoint's folder a model id; searched before the coordinator's paths.",
        completion: .directory)
    var models: [String] = []

    @Option(
        name: .long,
        help: """
            Where scores wait on disk for their acknowledgement, so that they survive this process; a folder a key is \
            made in it.
            """, completion: .directory)
    var spool: String = WorkerSpool.standard.path

    @OptionGroup var fetched: FetchedModels

    @OptionGroup var engine: EngineArguments

    @Flag(name: .long, help: "Leave when standard input ends, as it does when a parent process dies.")
    var exitWithInput = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "When this machine ends the worker, in seconds since 1970, such as $SLURM_JOB_END_TIME.",
            discussion: "The worker leaves a minute before, so that it loses nothing."))
    var stopBefore: Double?

    @Option(name: .long, help: "A file to write once a second how the worker stands; see worker health.")
    var health: String?

    @Option(
        name: .long, help: "A file of settings; by default ~/.config/molt/config.yaml or /etc/molt/config.yaml.",
        completion: .file(extensions: ["yaml"]))
    var config: String?

    @Option(name: .long, help: "Log level: \(LogLevel.allCases.map(\.rawValue).joined(separator: ", ")).")
    var logLevel: LogLevel = .notice

    /// What a drain may take, and some seconds to start and end a process.
    private static let secondsToLeave = 60.0

    func run() throws {
        let log = Logger.daemon("molt.worker", logLevel)
        var engine = try engine.options()
        engine.note = { log.notice("\($0)") }
        var options = WorkerService.Options(
            coordinator: coordinator, coordinatorKey: try KeyFile.readPublic(coordinatorKey),
            keys: try KeyFile.readSecret(key), engine: engine,
            models: try fetched.locator(folders: models.map { URL(fileURLWithPath: $0) }, log: log), log: log)
        options.spool = URL(fileURLWithPath: spool)
        options.health = health.map { HealthFile($0) }
        options.leaveAfter = stopBefore.map { end in
            .seconds(min(max(0, end - Date().timeIntervalSince1970 - Self.secondsToLeave), 1e9))
        }
        let service = try WorkerService(options)
        let interrupts = SignalSource(SignalSource.interrupts) { times in
            if times > 1 { _exit(130) }
            service.shutdown()
        }
        defer { withExtendedLifetime(interrupts) {} }
        if exitWithInput {
            Thread.detachNewThread {
                _ = try? FileHandle.standardInput.readToEnd()
                service.shutdown()
            }
        }
        switch try service.wait() {
        case .drained: return
        case .unacknowledged(let rows):
            log.error(
                "left \(counted(rows, "row")) without an acknowledgement: a start within 24 h delivers them from \(spool)"
            )
            throw ExitCode(4)
        case .rejected(let detail):
            log.error("the coordinator refused this worker: \(detail)")
            throw ExitCode.failure
        }
    }
}

extension LogLevel: ExpressibleByArgument {}
