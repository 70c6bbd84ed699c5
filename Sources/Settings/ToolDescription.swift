/// What a program's commands and options are called, as ArgumentParser describes them in JSON.
struct ToolDescription: Decodable {
    let command: CommandDescription
}

struct CommandDescription: Decodable {
    let name: String
    let subcommands: [CommandDescription]
    let options: [OptionDescription]
    private let defaultSubcommand: String?

    enum CodingKeys: String, CodingKey {
        case name = "commandName"
        case subcommands, defaultSubcommand
        case options = "arguments"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        subcommands = try container.decodeIfPresent([CommandDescription].self, forKey: .subcommands) ?? []
        options = try container.decodeIfPresent([OptionDescription].self, forKey: .options) ?? []
        defaultSubcommand = try container.decodeIfPresent(String.self, forKey: .defaultSubcommand)
    }

    /// What is asked of the program, not of its default command.
    private static let ofTheProgram = [
        "-h", "--help", "--version", "--generate-completion-script", "--experimental-dump-help",
    ]

    /// The subcommand that a command line names, or the default one, and what follows its name; nil where it asks for
    /// help, or for nothing that there is.
    func command(of given: [String]) -> (CommandDescription, rest: [String])? {
        if let first = given.first, let named = subcommands.first(where: { $0.name == first }) {
            return (named, Array(given.dropFirst()))
        }
        if let first = given.first, !first.hasPrefix("-") || Self.ofTheProgram.contains(where: first.hasPrefix) {
            return nil
        }
        return subcommands.first { $0.name == defaultSubcommand }.map { ($0, given) }
    }
}

struct OptionDescription: Decodable {
    /// Its long name.
    let name: String
    let kind: String
    let isRepeating: Bool
    private let names: [String]

    enum CodingKeys: String, CodingKey {
        case names, kind, isRepeating
    }

    private struct Name: Decodable {
        let kind: String
        let name: String
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let all = try container.decodeIfPresent([Name].self, forKey: .names) ?? []
        names = all.map { ($0.kind == "long" ? "--" : "-") + $0.name }
        name = all.first { $0.kind == "long" }?.name ?? ""
        kind = try container.decode(String.self, forKey: .kind)
        isRepeating = try container.decode(Bool.self, forKey: .isRepeating)
    }

    /// `MOLT_LOG_LEVEL` of `--log-level`.
    var variable: String { "MOLT_" + name.uppercased().replacing("-", with: "_") }

    /// Not an argument without a name, not what names the file, nor what makes a command do something else.
    var isSettable: Bool {
        !name.isEmpty && (kind == "option" || kind == "flag") && !["config", "help", "version", "json"].contains(name)
    }

    func isGiven(in arguments: [String]) -> Bool {
        arguments.prefix { $0 != "--" }.contains { argument in
            names.contains { argument == $0 || argument.hasPrefix($0 + "=") }
        }
    }

    /// The values in a variable: several are separated by colons, as in `PATH`.
    func split(_ text: String) -> [String] {
        isRepeating ? text.split(separator: ":").map(String.init) : [text]
    }

    /// The arguments that say the same on a command line.
    func arguments(_ values: [String], from origin: String) throws(SettingsError) -> [String] {
        guard kind == "flag" else {
            guard isRepeating || values.count == 1 else { throw .notAList(origin: origin, option: name) }
            return values.map { "--\(name)=\($0)" }
        }
        guard values.count == 1 else { throw .notAList(origin: origin, option: name) }
        switch values[0].lowercased() {
        case "true", "yes", "on", "1": return ["--\(name)"]
        case "false", "no", "off", "0": return []
        default: throw .notASwitch(origin: origin, option: name, value: values[0])
        }
    }
}
