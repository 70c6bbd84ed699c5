import ArgumentParser
import Foundation

/// Our own programs on disk.
enum Program {
    /// This program.
    static func own() -> URL { URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath() }

    /// The `worker` program: `MOLT_WORKER`, or the one beside this program.
    static func worker() throws -> URL {
        if let path = ProcessInfo.processInfo.environment["MOLT_WORKER"], !path.isEmpty {
            return URL(fileURLWithPath: path)
        }
        let worker = own().deletingLastPathComponent().appendingPathComponent("worker")
        guard FileManager.default.isExecutableFile(atPath: worker.path) else {
            throw ValidationError("no worker program at \(worker.path); build it, or name one with MOLT_WORKER")
        }
        return worker
    }
}

/// What goes to standard error.
enum Terminal {
    static func note(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
    static func error(_ text: String) { FileHandle.standardError.write(Data("Error: \(text)\n".utf8)) }
}
