import Daemons
import Foundation

/// Processes of this machine, below one folder: `keys`, `molt.sqlite`, and each process's log and process id.
struct LocalPlan: ClusterPlan {
    let folder: String
    let listen: String

    /// `molt/cluster` in `XDG_STATE_HOME` or `~/.local/state`.
    static var standardFolder: String {
        let environment = ProcessInfo.processInfo.environment
        let home = environment["HOME"] ?? NSHomeDirectory()
        let state = environment["XDG_STATE_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? "\(home)/.local/state"
        return "\(state)/molt/cluster"
    }

    var keys: String { "\(folder)/keys" }
    private var coordinator: LocalProcess { LocalProcess(folder: folder, name: "coordinator") }
    private var coordinatorKey: [String] { ["--coordinator-key", "\(keys)/coordinator.pub"] }
    /// Where this machine reaches the coordinator.
    private var address: String {
        ["*", "0.0.0.0"].reduce(listen) { $0.replacing("tcp://\($1):", with: "tcp://127.0.0.1:") }
    }
    private func health(_ number: Int) -> String { "\(folder)/worker-\(number).health" }
    private func worker(_ number: Int) -> LocalProcess { LocalProcess(folder: folder, name: "worker-\(number)") }

    func up(_ workers: Int) throws -> [ClusterStep] {
        let serve = [
            Program.own().path, "serve", "--listen", listen, "--store", "\(folder)/molt.sqlite", "--keys", keys,
        ]
        let status =
            [Program.own().path, "status", "--coordinator", address, "--key", "\(keys)/client"] + coordinatorKey
        let started: [ClusterStep] =
            coordinator.isRunning ? [] : [.start(coordinator, serve, until: .succeeds(status))]
        return [.keys(self, workers: workers)] + started + (try changes(to: workers))
    }

    func scale(_ workers: Int) throws -> [ClusterStep] { [.keys(self, workers: workers)] + (try changes(to: workers)) }

    func down() -> [ClusterStep] {
        let workers = running
        return (workers.isEmpty ? [] : [.stop(workers.map(worker))])
            + (coordinator.isRunning ? [.stop([coordinator])] : [])
    }

    private func changes(to workers: Int) throws -> [ClusterStep] {
        let running = running
        let program = try Program.worker().path
        let missing = (1...max(1, workers)).filter { $0 <= workers && !running.contains($0) }
        let surplus = running.filter { $0 > workers }
        return missing.map { number in
            .start(
                worker(number),
                [program, "--coordinator", address, "--key", "\(keys)/worker-\(number)"] + coordinatorKey
                    + ["--spool", "\(folder)/spool", "--health", health(number)],
                until: .writes(health(number)))
        } + (surplus.isEmpty ? [] : [.stop(surplus.map(worker))])
    }

    /// The numbers of the workers that run.
    private var running: [Int] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.compactMap { name in
            name.hasPrefix("worker-") && name.hasSuffix(".pid") ? Int(name.dropFirst(7).dropLast(4)) : nil
        }.filter { worker($0).isRunning }.sorted()
    }

    func missingKeys(_ workers: Int) -> [String] {
        (0..<workers).map { "worker-\($0 + 1)" }.filter { !FileManager.default.fileExists(atPath: "\(keys)/\($0)") }
    }

    func makeKeys(_ workers: Int) throws {
        let folder = KeyFolder(keys)
        try folder.prepare()
        for name in missingKeys(workers) { _ = try folder.make(name, role: .worker) }
    }
}
