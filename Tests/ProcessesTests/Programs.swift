import Foundation
import Testing

/// Our programs as processes, the way a user runs them.
enum Programs {
    /// The folder that holds the built programs, beside the test bundle.
    static let folder: URL = {
        let candidates =
            CommandLine.arguments.map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
            + [URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()]
        return candidates.first {
            FileManager.default.isExecutableFile(atPath: $0.appendingPathComponent("coord").path)
        } ?? URL(fileURLWithPath: FileManager.default.currentDirectoryPath).appendingPathComponent(".build/release")
    }()

    /// The repository's root.
    static let repository = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// What a finished process left.
    struct Result {
        let status: Int32
        let output: String
        let errors: String
    }

    /// A process that runs, with its outputs collected in files.
    final class Running {
        let process = Process()
        let files: URL

        /// - Parameter prefix: a command that runs another one, such as `nsenter …`.
        init(
            entering prefix: [String] = [], _ name: String, _ arguments: [String], input: String? = nil,
            environment: [String: String] = [:]
        ) throws {
            try checkOpenFiles()
            files = try Scratch.folder()
            let program = folder.appendingPathComponent(name)
            process.executableURL = prefix.isEmpty ? program : URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = prefix.isEmpty ? arguments : prefix + [program.path] + arguments
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            let inputFile = files.appendingPathComponent("input")
            try Data((input ?? "").utf8).write(to: inputFile)
            process.standardInput = try FileHandle(forReadingFrom: inputFile)
            process.standardOutput = try Self.sink(files.appendingPathComponent("output"))
            process.standardError = try Self.sink(files.appendingPathComponent("errors"))
            try process.run()
        }

        private static func sink(_ url: URL) throws -> FileHandle {
            _ = FileManager.default.createFile(atPath: url.path, contents: nil)
            return try FileHandle(forWritingTo: url)
        }

        var errors: String { text("errors") }

        /// The ids of the processes that it started and that run.
        var children: [Int32] {
            let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
            return all.compactMap { Int32($0) }.filter { id in
                // "id (name) state parent …": the name may hold anything, so count from its closing parenthesis.
                let stat = (try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)) ?? ""
                let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
                return fields.count > 1 && Int32(fields[1]) == process.processIdentifier
            }
        }

        func wait() -> Result {
            process.waitUntilExit()
            return Result(status: process.terminationStatus, output: text("output"), errors: text("errors"))
        }

        private func text(_ name: String) -> String {
            (try? String(contentsOf: files.appendingPathComponent(name), encoding: .utf8)) ?? ""
        }
    }

    /// Past some 1,300 open files Foundation's `Process` reads beyond the buffer in which it looks through them, and may
    /// crash; all tests share one process, so some other test has too many then.
    static func checkOpenFiles() throws {
        let count = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        try #require(count < 1200, "the tests have \(count) files open")
    }

    /// Runs a program to its end.
    static func run(
        _ name: String, _ arguments: [String], input: String? = nil, environment: [String: String] = [:]
    ) throws -> Result {
        try Running(name, arguments, input: input, environment: environment).wait()
    }
}

/// Folders for files that processes share, with paths short enough for sockets: they stay as long as the tests run, for a process may outlive a test's values.
enum Scratch {
    private static let root: URL = {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("molt-\(UUID().uuidString.prefix(8))")
        atexit { try? FileManager.default.removeItem(at: root) }
        return url
    }()

    static func folder() throws -> URL {
        let url = root.appendingPathComponent("\(UUID().uuidString.prefix(13))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url
    }
}
