import Foundation
import Testing

/// What a program's `--experimental-dump-help` says of its commands.
private struct Tool: Decodable {
    struct Command: Decodable {
        let commandName: String
        let subcommands: [Command]?
        let defaultSubcommand: String?
        let arguments: [Argument]?
    }

    struct Argument: Decodable {
        struct Name: Decodable {
            let name: String
        }

        let kind: String
        let isOptional: Bool
        let isRepeating: Bool
        let names: [Name]?
        let allValues: [String]?
        let parsingStrategy: String?
    }

    let command: Command

    static func of(_ program: String) throws -> Tool {
        let help = try Programs.run(program, ["--experimental-dump-help"])
        return try JSONDecoder().decode(Tool.self, from: Data(help.output.utf8))
    }
}

extension Tool.Command {
    /// What is wrong with the words behind the program's name; nil if nothing is.
    func refusal(of words: [String]) -> String? {
        var words = words[...]
        if ["--help", "-h", "--version"].contains(words.last) { words = words.dropLast() }
        guard let subcommands, !subcommands.isEmpty else { return refusalAsLeaf(words) }
        if let named = subcommands.first(where: { $0.commandName == words.first }) {
            return named.refusal(of: Array(words.dropFirst()))
        }
        if let defaultCommand = subcommands.first(where: { $0.commandName == defaultSubcommand }) {
            return defaultCommand.refusal(of: Array(words))
        }
        return words.first.map { "\(commandName) has no command '\($0)'" }
    }

    private func refusalAsLeaf(_ words: ArraySlice<String>) -> String? {
        let all = arguments ?? []
        let places = all.filter { $0.kind == "positional" }
        var (words, positional, isRepeating) = (words, 0, places.contains(where: \.isRepeating))
        while let word = words.popFirst() {
            guard word.hasPrefix("-"), word != "-" else {
                positional += 1
                continue
            }
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            let name = String(parts[0].drop { $0 == "-" })
            guard let option = all.first(where: { $0.names?.contains { $0.name == name } == true }) else {
                return "\(commandName) has no option '\(word)'"
            }
            guard option.kind == "option" else { continue }
            guard let value = parts.count > 1 ? parts[1] : words.popFirst() else { return "'\(word)' lacks its value" }
            if let known = option.allValues, value.first?.isLowercase == true, !known.contains(value) {
                return "'\(word)' does not take '\(value)'"
            }
            if option.parsingStrategy == "upToNextOption" { words = words.drop { !$0.hasPrefix("-") } }
        }
        isRepeating = isRepeating || positional <= places.count
        if !isRepeating { return "\(commandName) takes \(places.count) words beside its options, not \(positional)" }
        return nil
    }
}

@Suite("Commands in the documents")
struct DocumentedCommandTests {
    /// A command line as a document has it.
    struct Line: Sendable, CustomTestStringConvertible {
        let place: String
        let words: [String]

        var testDescription: String { "\(place): \(words.joined(separator: " "))" }
    }

    /// The documents that name commands.
    private static let documents: [String] = {
        let root = Programs.repository
        let folder =
            (try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent("docs").path)) ?? []
        let top = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]
        return top + folder.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
    }()

    /// Command lines of `coord` and `worker`, in blocks that are indented or fenced, and between backticks.
    static let lines: [Line] = documents.flatMap { document in
        let url = Programs.repository.appendingPathComponent(document)
        let text = (try? String(contentsOf: url, encoding: .utf8)) ?? ""
        return snippets(text).compactMap { number, snippet -> Line? in
            let words = commandWords(snippet)
            guard let program = words.first, ["coord", "worker"].contains(program), words.count > 1 else { return nil }
            return Line(place: "\(document):\(number)", words: words)
        }
    }

    /// Lines of code, and what stands between backticks in a paragraph, with the number of its first line.
    private static func snippets(_ text: String) -> [(Int, String)] {
        var found: [(Int, String)] = []
        var (isFenced, paragraph, start) = (false, "", 0)
        func end() {
            let parts = paragraph.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            found += parts.filter { $0.offset % 2 == 1 }.map { (start, String($0.element)) }
            paragraph = ""
        }
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("```") {
                end()
                isFenced.toggle()
            } else if isFenced || (line.hasPrefix("    ") && paragraph.isEmpty) {
                found.append((index + 1, String(line)))
            } else if line.isEmpty {
                end()
            } else {
                if paragraph.isEmpty { start = index + 1 }
                paragraph += line + " "
            }
        }
        end()
        return found
    }

    /// The words of a command before its comment, pipe, redirection or continuation; a quoted text is one word.
    private static func commandWords(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var quote: Character?
        for character in text.trimmingCharacters(in: .whitespaces) + " " {
            if let open = quote {
                if character == open { quote = nil } else { word.append(character) }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if character == " " {
                if ["#", "|", "<", ">", "&", "&&", "\\", "…"].contains(word) { break }
                if !word.isEmpty { words.append(word) }
                word = ""
            } else {
                word.append(character)
            }
        }
        return words
    }

    @Test("there are some")
    func some() { #expect(Self.lines.count > 40) }

    @Test("a command that a document names is one that the program takes")
    func commands() throws {
        let tools = ["coord": try Tool.of("coord"), "worker": try Tool.of("worker")]
        for line in Self.lines {
            guard let tool = tools[line.words[0]] else { continue }
            // `coord cluster`, `coord report`: a command's bare name in a sentence.
            let refusal = tool.command.refusal(of: Array(line.words.dropFirst()))
            #expect(refusal == nil, "\(line.testDescription)")
        }
    }

    @Test(
        "an unknown command, option, value or word would be found",
        arguments: [
            "coord rum job.yaml", "coord run --wrkers 2 job.yaml", "coord serve --log-level loud", "coord run a b",
            "worker score --model", "coord cluster sideways",
        ])
    func unknown(line: String) throws {
        let words = line.split(separator: " ").map(String.init)
        let tool = try Tool.of(words[0])
        #expect(tool.command.refusal(of: Array(words.dropFirst())) != nil)
    }
}
