import Foundation

/// The options of a program that come from the environment and a file, where the command line does not say otherwise.
///
/// An option `--log-level` is `MOLT_LOG_LEVEL` in the environment and `log-level` in the program's part of the file. What
/// is on the command line comes first, then the environment, then the file, then the default. An option that may be
/// given several times is taken as a whole from the first of them that has it.
public struct Settings: Sendable {
    /// For which commands the settings hold.
    public struct Scope: Sendable {
        /// The commands whose every option can be set.
        public var whole: Set<String>
        /// The options that can be set for all commands.
        public var everywhere: Set<String>

        public init(whole: Set<String>, everywhere: Set<String> = []) {
            self.whole = whole
            self.everywhere = everywhere
        }
    }

    /// A command line, with what was added to it.
    public struct Completed: Sendable, Equatable {
        public var arguments: [String]
        /// Where each added option comes from, such as `--memory: MOLT_MEMORY`.
        public var origins: [String]
    }

    private let program: CommandDescription
    private let scope: Scope

    /// - Parameter description: what ArgumentParser's `_dumpHelp()` says of the program.
    public init(description: String, scope: Scope) throws {
        program = try JSONDecoder().decode(ToolDescription.self, from: Data(description.utf8)).command
        self.scope = scope
    }

    /// Adds to a command line the options that the environment or the file sets and it does not.
    public func complete(_ given: [String], environment: [String: String]) throws -> Completed {
        guard let (command, rest) = program.command(of: given) else { return Completed(arguments: given, origins: []) }
        let options = settable(of: command)
        let file = try SettingsFile.find(given: given, environment: environment)
        let values = try file?.values(for: program.name, known: known) ?? [:]
        var added: [String] = []
        var origins: [String] = []
        for option in options where !option.isGiven(in: rest) {
            if let text = environment[option.variable], !text.isEmpty {
                added += try option.arguments(option.split(text), from: option.variable)
                origins.append("--\(option.name): \(option.variable)")
            } else if let texts = values[option.name] {
                added += try option.arguments(texts, from: file?.path ?? "")
                origins.append("--\(option.name): \(file?.path ?? "")")
            }
        }
        return Completed(arguments: [command.name] + added + rest, origins: origins)
    }

    private func settable(of command: CommandDescription) -> [OptionDescription] {
        command.options.filter { option in
            option.isSettable && (scope.whole.contains(command.name) || scope.everywhere.contains(option.name))
        }
    }

    /// Every name that the program's part of the file may have.
    private var known: Set<String> { Set(program.subcommands.flatMap { settable(of: $0).map(\.name) }) }
}

/// Why settings cannot be used.
public enum SettingsError: Error, Equatable, CustomStringConvertible {
    case unreadable(path: String, reason: String)
    case unknown(path: String, program: String, option: String, known: [String])
    /// A value that is no text, number or list of them.
    case shape(path: String, option: String)
    case notASwitch(origin: String, option: String, value: String)
    case notAList(origin: String, option: String)

    public var description: String {
        switch self {
        case .unreadable(let path, let reason): "\(path): \(reason)"
        case .unknown(let path, let program, let option, let known):
            "\(path): unknown option '\(option)' under '\(program)'; known: \(known.joined(separator: ", "))"
        case .shape(let path, let option):
            "\(path): '\(option)' is neither a text, a number, true or false, nor a list of texts"
        case .notASwitch(let origin, let option, let value):
            "\(origin): '\(value)' for --\(option), which is a switch: write true or false"
        case .notAList(let origin, let option): "\(origin): a list for --\(option), which takes one value"
        }
    }
}
