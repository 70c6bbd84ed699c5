import Foundation
import Settings
import TestSupport
import Testing

@Suite("Settings")
struct SettingsTests {
    /// What ArgumentParser says of a program with a daemon, `serve`, and a question, `ask`.
    private static let description = #"""
        {"serializationVersion":0,"command":{"commandName":"coord","shouldDisplay":true,"subcommands":[
        {"commandName":"serve","arguments":[
        {"kind":"option","isRepeating":false,"names":[{"kind":"long","name":"log-level"}]},
        {"kind":"option","isRepeating":true,"names":[{"kind":"long","name":"models"}]},
        {"kind":"option","isRepeating":false,"names":[{"kind":"long","name":"config"}]},
        {"kind":"flag","isRepeating":false,"names":[{"kind":"short","name":"q"},{"kind":"long","name":"quiet"}]}]},
        {"commandName":"ask","arguments":[
        {"kind":"positional","isRepeating":false},
        {"kind":"option","isRepeating":false,"names":[{"kind":"long","name":"key"}]},
        {"kind":"option","isRepeating":false,"names":[{"kind":"long","name":"log-level"}]}]}],
        "defaultSubcommand":"serve"}}
        """#

    private let folder: TemporaryFolder
    private let settings: Settings

    init() throws {
        folder = try TemporaryFolder()
        settings = try Settings(
            description: Self.description, scope: Settings.Scope(whole: ["serve"], everywhere: ["key"]))
    }

    private func complete(
        _ given: [String], file: String? = nil, environment: [String: String] = [:]
    ) throws -> [String] {
        var environment = environment
        environment["XDG_CONFIG_HOME"] = folder.url.path
        if let file { environment["MOLT_CONFIG"] = try folder.write(file, to: "settings.yaml") }
        return try settings.complete(given, environment: environment).arguments
    }

    @Test(
        "the command line is asked first, then the environment, then the file",
        arguments: [
            (["serve", "--log-level", "error"], "info", "coord: { log-level: debug }", ["--log-level", "error"]),
            (["serve", "--log-level=error"], "info", "coord: { log-level: debug }", ["--log-level=error"]),
            (["serve"], "info", "coord: { log-level: debug }", ["--log-level=info"]),
            (["serve"], "", "coord: { log-level: debug }", ["--log-level=debug"]),
            (["serve"], "", "coord: {}", []),
            (["serve"], "", "worker: { threads: 3 }", []),
        ])
    func precedence(given: [String], variable: String, file: String, expected: [String]) throws {
        let completed = try complete(given, file: file, environment: ["MOLT_LOG_LEVEL": variable])
        #expect(completed == ["serve"] + expected)
    }

    @Test("a list is taken as a whole from the first place that has it")
    func lists() throws {
        let file = "coord: { models: [/a, /b] }"
        #expect(try complete(["serve"], file: file) == ["serve", "--models=/a", "--models=/b"])
        #expect(
            try complete(["serve"], file: file, environment: ["MOLT_MODELS": "/c:/d"])
                == ["serve", "--models=/c", "--models=/d"])
        #expect(try complete(["serve", "--models", "/e"], file: file) == ["serve", "--models", "/e"])
    }

    @Test("a switch is set by true and left by false", arguments: [("true", true), ("1", true), ("no", false)])
    func switches(value: String, isSet: Bool) throws {
        let expected = ["serve"] + (isSet ? ["--quiet"] : [])
        #expect(try complete(["serve"], environment: ["MOLT_QUIET": value]) == expected)
        #expect(try complete(["serve", "-q"], environment: ["MOLT_QUIET": value]) == ["serve", "-q"])
    }

    @Test("other commands take the options that hold everywhere, and no others")
    func elsewhere() throws {
        let environment = ["MOLT_KEY": "/k", "MOLT_LOG_LEVEL": "info"]
        #expect(try complete(["ask", "what"], environment: environment) == ["ask", "--key=/k", "what"])
    }

    @Test(
        "without a command's name the default one is meant, unless help is asked for",
        arguments: [
            ([], ["serve", "--log-level=info"]), (["--quiet"], ["serve", "--log-level=info", "--quiet"]),
            (["--help"], ["--help"]), (["--version"], ["--version"]), (["nonsense"], ["nonsense"]),
            (["--generate-completion-script", "bash"], ["--generate-completion-script", "bash"]),
        ] as [([String], [String])])
    func defaultCommand(given: [String], expected: [String]) throws {
        #expect(try complete(given, environment: ["MOLT_LOG_LEVEL": "info"]) == expected)
    }

    @Test("the file is --config's, else MOLT_CONFIG's, else the user's")
    func places() throws {
        let named = try folder.write("coord: { log-level: debug }", to: "named.yaml")
        try FileManager.default.createDirectory(
            at: folder.url.appendingPathComponent("molt"), withIntermediateDirectories: false)
        try folder.write("coord: { log-level: trace }", to: "molt/config.yaml")
        #expect(try complete(["serve"]) == ["serve", "--log-level=trace"])
        let file = "coord: { log-level: info }"
        #expect(try complete(["serve"], file: file) == ["serve", "--log-level=info"])
        #expect(
            try complete(["serve", "--config", named], file: file)
                == ["serve", "--log-level=debug", "--config", named])
        #expect(throws: SettingsError.self) {
            try complete(["serve", "--config=\(folder.path("absent"))"])
        }
    }

    @Test(
        "a mistake in the file is named with the file and the option",
        arguments: [
            (
                "coord: { log-levle: info }",
                "unknown option 'log-levle' under 'coord'; known: key, log-level, models, quiet"
            ),
            ("server: {}", "unknown part 'server'"), ("- coord", "not a mapping"),
            ("coord: { quiet: maybe }", "'maybe' for --quiet, which is a switch"),
            ("coord: { log-level: [a, b] }", "a list for --log-level"),
            ("coord: { models: { a: b } }", "'models' is neither"), ("coord: [", "settings.yaml:"),
        ])
    func mistakes(file: String, words: String) throws {
        let error = #expect(throws: SettingsError.self) { try complete(["serve"], file: file) }
        let text = try #require(error).description
        #expect(text.contains(words) && text.contains(folder.path("settings.yaml")), "\(text)")
    }

    @Test("where an option comes from is told")
    func origins() throws {
        let file = try folder.write("coord: { models: /a }", to: "settings.yaml")
        let environment = ["MOLT_CONFIG": file, "MOLT_LOG_LEVEL": "info"]
        let completed = try settings.complete(["serve"], environment: environment)
        #expect(completed.origins == ["--log-level: MOLT_LOG_LEVEL", "--models: \(file)"])
    }
}
