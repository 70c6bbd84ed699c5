import Foundation

/// One thing that `coord cluster` does, in words that a shell understands.
enum ClusterStep: CustomStringConvertible {
    /// A program that is waited for.
    case run([String])
    /// A process that stays, under a name in a folder; it is waited for until it shows the sign.
    case start(LocalProcess, [String], until: LocalProcess.Sign)
    /// SIGTERM to such processes, all at once, and a wait until they have left.
    case stop([LocalProcess])
    /// A folder of keys, with one for each worker.
    case keys(LocalPlan, workers: Int)

    var description: String {
        switch self {
        case .run(let words): words.map(Self.quoted).joined(separator: " ")
        case .start(let process, let words, _):
            "\(words.map(Self.quoted).joined(separator: " ")) 2>>\(Self.quoted(process.log)) & "
                + "echo $! >\(Self.quoted(process.file))"
        case .stop(let processes):
            processes.map { "kill -TERM $(cut -d' ' -f1 \(Self.quoted($0.file)))" }.joined(separator: "; ")
        case .keys(let plan, let workers):
            (["coord keygen --keys \(Self.quoted(plan.keys))"]
                + plan.missingKeys(workers).map { "coord keygen \($0) --keys \(Self.quoted(plan.keys))" })
                .joined(separator: "\n")
        }
    }

    static func perform(_ steps: [ClusterStep]) throws {
        for step in steps {
            switch step {
            case .run(let words):
                Terminal.note(step.description)
                try execute(words)
            case .start(let process, let words, let sign): try process.start(words, until: sign)
            case .stop(let processes): try LocalProcess.stop(processes)
            case .keys(let plan, let workers): try plan.makeKeys(workers)
            }
        }
    }

    private static func execute(_ words: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ClusterError.failed(words.joined(separator: " "), status: process.terminationStatus)
        }
    }

    /// What a program prints.
    static func output(_ words: [String]) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.standardOutput = pipe
        try process.run()
        let bytes = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ClusterError.failed(words.joined(separator: " "), status: process.terminationStatus)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "-_./:=,@%+".utf8.contains(byte)
            }
        return isPlain ? word : "'\(word.replacing("'", with: "'\\''"))'"
    }
}

/// What `coord cluster` cannot do.
enum ClusterError: Error, Equatable, CustomStringConvertible {
    case failed(String, status: Int32)
    case ended(String, log: String)
    case log(String, reason: String)
    case stays([String])

    var description: String {
        switch self {
        case .failed(let command, let status):
            status == 127
                ? "\(command): there is no such program here; is this the machine that has it?"
                : "\(command) ended with status \(status)"
        case .log(let path, let reason): "\(path) cannot be written: \(reason); choose another --directory"
        case .ended(let name, let log): "\(name) did not start; \(log) says why"
        case .stays(let names):
            "\(names.joined(separator: ", ")) did not leave within 60 s; look at the log, or end it with kill -KILL"
        }
    }
}
