import Foundation

/// A process that outlives the one that started it; its id is in a file, beside the time at which it began, so that
/// another process that has come to the same id is left alone.
struct LocalProcess {
    let folder: String
    let name: String

    var file: String { "\(folder)/\(name).pid" }
    var log: String { "\(folder)/\(name).log" }

    var isRunning: Bool { process != nil }

    private static let patience = 60.0

    /// What shows that a process does its work.
    enum Sign {
        /// A command that succeeds then.
        case succeeds([String])
        /// A file that it writes.
        case writes(String)
    }

    /// Starts it in a session of its own, without the terminal, and waits for the sign.
    func start(_ words: [String], until sign: Sign) throws {
        if case .writes(let file) = sign { unlink(file) }
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
        try wait(5) { access(self.file, F_OK) == 0 }
        var question: Process?
        defer { question?.terminate() }
        try wait(Self.patience) {
            guard isRunning else { throw ClusterError.ended(name, log: log) }
            switch sign {
            case .writes(let path): return access(path, F_OK) == 0
            case .succeeds(let command):
                if let question {
                    if question.isRunning { return false }
                    if question.terminationStatus == 0 { return true }
                }
                question = try Self.ask(command)
                return false
            }
        }
        print("\(name) runs as process \(self.process ?? 0), log in \(log)")
    }

    /// Asks ten times a second.
    private func wait(_ seconds: Double, for condition: () throws -> Bool) throws {
        let end = Date().addingTimeInterval(seconds)
        while try !condition() {
            guard Date() < end else { throw ClusterError.ended(name, log: log) }
            usleep(100_000)
        }
    }

    private static func ask(_ command: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
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
