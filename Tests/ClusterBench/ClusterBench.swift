import Foundation

/// The compiled half of `make bench-cluster`: makes the stores and keys, and plays workers that compute nothing.
///
/// bench.py starts it, beside a real coordinator, and prints the table.
@main
struct ClusterBench {
    static func main() {
        do {
            var arguments = try Arguments(Array(CommandLine.arguments.dropFirst()))
            switch arguments.command {
            case "prepare": try prepare(&arguments)
            case "keys": try Keys.make(try arguments.int("count"), in: try arguments.text("folder"))
            case "drive": try drive(&arguments)
            default: throw BenchError.usage("known commands: prepare, keys, drive")
            }
        } catch {
            FileHandle.standardError.write(Data("cluster-bench: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func prepare(_ arguments: inout Arguments) throws {
        try NoopRun(
            jobs: arguments.int("jobs"), examples: arguments.int("examples"), choices: arguments.int("choices")
        ).write(to: arguments.text("store"))
    }

    private static func drive(_ arguments: inout Arguments) throws {
        let keys = try Keys.read(
            from: arguments.text("keys"), first: arguments.int("first"), count: arguments.int("count"))
        let driver = try Driver(
            endpoint: arguments.text("endpoint"), serverKey: arguments.text("server-key"), keys: keys,
            settings: .init(
                slots: UInt32(arguments.int("slots")), choices: arguments.int("choices"), batch: arguments.int("batch"))
        )
        try driver.connectAll()
        // The coordinator's processor time is read between these two words.
        say(Data(#"{"connected": \#(keys.count), "seconds": \#(driver.secondsToConnect)}"#.utf8))
        _ = readLine()
        let result = try driver.run()
        _ = readLine()
        say(try JSONEncoder().encode(result))
    }

    private static func say(_ line: Data) { FileHandle.standardOutput.write(line + Data("\n".utf8)) }
}

/// `command --name value …`.
struct Arguments {
    let command: String
    private var values: [String: String] = [:]

    init(_ words: [String]) throws {
        guard let first = words.first, words.count % 2 == 1 else {
            throw BenchError.usage("a command and pairs of --name and value")
        }
        command = first
        for index in stride(from: 1, to: words.count, by: 2) {
            values[String(words[index].drop { $0 == "-" })] = words[index + 1]
        }
    }

    func text(_ name: String) throws -> String {
        guard let value = values[name] else { throw BenchError.usage("--\(name) is missing") }
        return value
    }

    func int(_ name: String) throws -> Int {
        guard let value = Int(try text(name)) else { throw BenchError.usage("--\(name) is not a number") }
        return value
    }
}

enum BenchError: Error, CustomStringConvertible {
    case usage(String)
    case zeroMQ(String)
    case refused(String)

    var description: String {
        switch self {
        case .usage(let text): "usage: \(text)"
        case .zeroMQ(let text): "ZeroMQ: \(text)"
        case .refused(let text): "the coordinator refused: \(text)"
        }
    }
}
