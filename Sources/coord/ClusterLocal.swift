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
    private func worker(_ number: Int) -> LocalProcess { LocalProcess(folder: folder, name: "worker-\(number)") }

    func up(_ workers: Int) throws -> [ClusterStep] {
        let serve = [
            Program.own().path, "serve", "--listen", listen, "--store", "\(folder)/molt.sqlite", "--keys", keys,
        ]
        let started: [ClusterStep] = coordinator.isRunning ? [] : [.start(coordinator, serve)]
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
                [
                    program, "--coordinator", listen, "--key", "\(keys)/worker-\(number)", "--coordinator-key",
                    "\(keys)/coordinator.pub", "--spool", "\(folder)/spool",
                ])
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

/// A process that outlives the one that started it; its id is in a file, beside the time at which it began, so that
/// another process that has come to the same id is left alone.
struct LocalProcess {
    let folder: String
    let name: String

    var file: String { "\(folder)/\(name).pid" }
    var log: String { "\(folder)/\(name).log" }

    var isRunning: Bool { process != nil }

    private static let patience = 60.0

    /// Starts it in a session of its own, without the terminal.
    func start(_ words: [String]) throws {
        // The shell's id becomes the program's.
        let script =
            #"echo "$$ $(cut -d' ' -f22 /proc/$$/stat)" >"$0.pid.new" && mv "$0.pid.new" "$0.pid" && exec "$@""#
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["setsid", "--fork", "sh", "-c", script, "\(folder)/\(name)"] + words
        process.standardInput = FileHandle.nullDevice
        let descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ClusterError.log(log, reason: String(cString: strerror(errno))) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        process.standardOutput = file
        process.standardError = file
        unlink(self.file)
        // Not waited for: Foundation takes it for running as long as what it started runs.
        try process.run()
        for _ in 0..<50 {
            usleep(100_000)
            if let id = self.process {
                // Long enough for a mistake in its options to show.
                usleep(200_000)
                guard isRunning else { break }
                return print("\(name) runs as process \(id), log in \(log)")
            }
        }
        throw ClusterError.ended(name, log: log)
    }

    /// SIGTERM to all, then a wait.
    static func stop(_ processes: [LocalProcess]) throws {
        for process in processes {
            if let id = process.process { kill(id, SIGTERM) }
        }
        let end = Date().addingTimeInterval(patience)
        var left = processes.filter(\.isRunning)
        while !left.isEmpty, Date() < end {
            usleep(100_000)
            left = left.filter(\.isRunning)
        }
        for process in processes where !process.isRunning {
            unlink(process.file)
            print("\(process.name) has left")
        }
        guard left.isEmpty else { throw ClusterError.stays(left.map { "\($0.name) (process \($0.process ?? 0))" }) }
    }

    /// Its id, if it runs.
    private var process: Int32? {
        let words = (try? String(contentsOfFile: file, encoding: .utf8))?.split(whereSeparator: \.isWhitespace) ?? []
        guard words.count == 2, let id = Int32(words[0]), id > 1, let began = began(id), began == words[1] else {
            return nil
        }
        return id
    }

    /// When a process began, in ticks since the machine's start, as the kernel writes it; nil for one that has ended.
    private func began(_ id: Int32) -> String? {
        guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        // After the name, which may hold blanks, comes field 3.
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z" else { return nil }
        return String(fields[19])
    }
}
