import ArgumentParser
import Foundation

/// `coord cluster`: starts a coordinator and workers with what people already have.
struct ClusterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster", abstract: "Start, resize and stop a coordinator with its workers.",
        discussion: """
            A thin hand on what is in cluster/ and docker/: --dry-run prints what would be run, and everything can be run \
            without this command too. Results are kept whatever is stopped. docs/operations.md says the rest.
            """,
        subcommands: [Up.self, Scale.self, Down.self])

    /// What every subcommand takes.
    struct Place: ParsableArguments {
        @Option(
            name: .long, help: "What starts them: \(Launcher.allCases.map(\.rawValue).joined(separator: ", ")).")
        var launcher: Launcher = .local

        @Option(
            name: .long, help: "Molt's repository, or a folder with its cluster/ and docker/.", completion: .directory)
        var from = "."

        @Option(
            name: .long,
            help:
                "local: the folder of keys, store, logs and process ids; by default molt/cluster below the user's state.",
            completion: .directory)
        var directory: String?

        @Option(name: .long, help: "local: where the coordinator listens.")
        var listen = "tcp://127.0.0.1:5555"

        @Option(name: .long, help: "kubernetes: which of cluster/kubernetes/overlays.")
        var overlay = "cpu"

        @Option(name: .long, help: "kubernetes: the namespace.")
        var namespace = "molt"

        @Option(name: .long, help: "compose: the program, such as podman-compose.")
        var compose = "docker compose"

        @Flag(name: .long, help: "Print what would be run.")
        var dryRun = false

        func validate() throws {
            guard !overlay.contains("/"), !overlay.hasPrefix(".") else {
                throw ValidationError("--overlay is a name such as cpu, not a path")
            }
        }

        /// What the files are in.
        func file(_ path: String) throws -> String {
            let full = from == "." ? path : "\(from)/\(path)"
            guard FileManager.default.fileExists(atPath: full) else {
                throw ValidationError("there is no \(full); name Molt's repository with --from")
            }
            return full
        }

        func plan() throws -> any ClusterPlan {
            switch launcher {
            case .local: LocalPlan(folder: directory ?? LocalPlan.standardFolder, listen: listen)
            case .slurm:
                SlurmPlan(
                    coordinator: try file("cluster/slurm/coordinator.sbatch"),
                    worker: try file("cluster/slurm/worker.sbatch"))
            case .kubernetes:
                KubernetesPlan(
                    overlay: try file("cluster/kubernetes/overlays/\(overlay)"), namespace: namespace)
            case .compose:
                ComposePlan(
                    program: compose.split(separator: " ").map(String.init), file: try file("docker/compose.yaml"))
            }
        }

        func perform(_ steps: [ClusterStep]) throws {
            if dryRun {
                for step in steps { print(step) }
            } else {
                try ClusterStep.perform(steps)
            }
        }
    }

    struct Up: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Start a coordinator and workers.")

        @OptionGroup var place: Place

        @Option(name: .shortAndLong, help: "How many workers.")
        var workers = 2

        func validate() throws { try checkWorkers(workers) }
        func run() throws { try place.perform(place.plan().up(workers)) }
    }

    struct Scale: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Start or drain workers until there are so many.")

        @OptionGroup var place: Place

        @Option(name: .shortAndLong, help: "How many workers.")
        var workers: Int

        func validate() throws { try checkWorkers(workers) }
        func run() throws { try place.perform(place.plan().scale(workers)) }
    }

    struct Down: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Drain the workers, then stop the coordinator; store, keys and volumes stay.")

        @OptionGroup var place: Place

        func run() throws { try place.perform(place.plan().down()) }
    }
}

private func checkWorkers(_ count: Int) throws {
    guard (0...10_000).contains(count) else { throw ValidationError("--workers is between 0 and 10000") }
}

/// What starts processes on nodes.
enum Launcher: String, CaseIterable, ExpressibleByArgument {
    case local, slurm, kubernetes, compose
}
