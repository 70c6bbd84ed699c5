import Foundation
import Yams

/// A YAML file with a part for each program, whose keys are the long names of options.
///
///     coord:
///       listen: tcp://0.0.0.0:5555
///     worker:
///       models: [/srv/models]
struct SettingsFile {
    let path: String

    /// The file that `--config` or `MOLT_CONFIG` names; else `molt/config.yaml` in `XDG_CONFIG_HOME` or `~/.config`, or
    /// `/etc/molt/config.yaml`, if there is one.
    static func find(given: [String], environment: [String: String]) throws(SettingsError) -> SettingsFile? {
        if let path = named(in: given) ?? environment["MOLT_CONFIG"].flatMap({ $0.isEmpty ? nil : $0 }) {
            guard FileManager.default.fileExists(atPath: path) else {
                throw .unreadable(
                    path: path, reason: "there is no such file; name another with --config or MOLT_CONFIG")
            }
            return SettingsFile(path: path)
        }
        let home = environment["HOME"].map { "\($0)/.config" }
        let folder = environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? home
        let places = [folder.map { "\($0)/molt/config.yaml" }, "/etc/molt/config.yaml"].compactMap { $0 }
        return places.first { FileManager.default.fileExists(atPath: $0) }.map(SettingsFile.init)
    }

    private static func named(in given: [String]) -> String? {
        let options = given.prefix { $0 != "--" }
        if let index = options.firstIndex(of: "--config") {
            return index + 1 < options.count ? options[index + 1] : nil
        }
        return options.first { $0.hasPrefix("--config=") }.map { String($0.dropFirst("--config=".count)) }
    }

    /// What it sets for a program, by the long name of the option.
    func values(for program: String, known: Set<String>) throws(SettingsError) -> [String: [String]] {
        guard let root = try read() else { return [:] }
        guard let parts = root.mapping else {
            throw .unreadable(path: path, reason: "not a mapping; write 'coord:' or 'worker:' and the options below it")
        }
        for (key, _) in parts where !["coord", "worker"].contains(key.string ?? "") {
            throw .unreadable(
                path: path,
                reason: "unknown part '\(key.string ?? "")'; write options below 'coord:' or 'worker:'")
        }
        guard let part = parts[Node(program)], part.null == nil else { return [:] }
        guard let options = part.mapping else { throw .shape(path: path, option: program) }
        var values: [String: [String]] = [:]
        for (key, value) in options {
            let name = key.string ?? ""
            guard known.contains(name) else {
                throw .unknown(path: path, program: program, option: name, known: known.sorted())
            }
            switch value {
            case .scalar(let scalar): values[name] = [scalar.string]
            case .sequence(let sequence) where sequence.allSatisfy { $0.scalar != nil }:
                values[name] = sequence.compactMap(\.scalar?.string)
            default: throw .shape(path: path, option: name)
            }
        }
        return values
    }

    private func read() throws(SettingsError) -> Node? {
        do {
            return try Yams.compose(yaml: String(contentsOfFile: path, encoding: .utf8))
        } catch let error as YamlError {
            throw .unreadable(path: path, reason: "\(error)")
        } catch {
            throw .unreadable(path: path, reason: (error as NSError).localizedDescription)
        }
    }
}
