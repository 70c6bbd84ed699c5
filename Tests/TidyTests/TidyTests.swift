import Foundation
import Testing

/// Rules of the house that a compiler does not know.
@Suite("The sources are tidy")
struct TidyTests {
    let repository: Repository

    init() throws { repository = try Repository.load() }

    @Test("the walk finds the sources of every layer")
    func walk() {
        let targets = Set(repository.files.filter { $0.path.hasPrefix("Sources/") }.map(\.target))
        #expect(targets.isSuperset(of: Layers.imports.keys))
        #expect(repository.files.contains { $0.path == "Package.swift" })
    }

    @Test("a layer imports only what lies below it")
    func layers() {
        for file in repository.sources where file.path.hasSuffix(".swift") {
            guard let allowed = Layers.imports[file.target] else {
                Issue.record("\(file.path): the target \(file.target) is not in Layers.swift")
                continue
            }
            for line in file.lines where line.hasPrefix("import ") || line.hasPrefix("public import ") {
                guard let module = line.split(separator: " ").last.map(String.init) else { continue }
                #expect(allowed.contains(module) || Layers.everywhere.contains(module), "\(file.path): \(line)")
            }
        }
    }

    @Test(
        "nothing traps on what comes from outside, and nothing is left to be done",
        arguments: [
            "try!", "fatalError(", "as!", "TODO", "FIXME",
        ])
    func traps(word: String) {
        let found = repository.lines(in: repository.sources, where: { $0.contains(word) })
        #expect(found.isEmpty)
    }

    @Test("no test sleeps", arguments: ["Task.sleep", "Thread.sleep", "usleep("])
    func sleeps(call: String) {
        let tests = repository.files.filter { $0.path.hasPrefix("Tests/") && $0.target != "TidyTests" }
        #expect(repository.lines(in: tests, where: { $0.contains(call) }).isEmpty)
    }

    @Test(
        "only Messaging speaks ZeroMQ, only Store speaks SQL",
        arguments: [
            ("import CZeroMQ", "Messaging"), ("import GRDB", "Store"),
        ])
    func borders(line: String, target: String) {
        let others = repository.sources.filter { $0.target != target }
        #expect(repository.lines(in: others, where: { $0.contains(line) }).isEmpty)
    }

    @Test("files stay small enough to read", arguments: [450])
    func length(limit: Int) {
        for file in repository.files where !file.isGenerated && !file.path.hasSuffix(".md") {
            #expect(file.lines.count <= limit, "\(file.path) has \(file.lines.count) lines")
        }
    }
}
