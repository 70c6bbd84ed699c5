import Foundation
import Testing

/// What documents name is there.
@Suite("The documents are true to the repository")
struct DocumentTests {
    let repository: Repository
    let documents: [Repository.SourceFile]

    init() throws {
        repository = try Repository.load()
        documents = repository.files.filter { $0.path.hasSuffix(".md") }
    }

    private func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: repository.root.appendingPathComponent(path).path)
    }

    @Test("every link to a file leads to one")
    func links() throws {
        let link = try Regex(#"\]\(([^)#:]+)(#[^)]*)?\)"#)
        var count = 0
        for document in documents {
            let folder = document.path.split(separator: "/").dropLast().joined(separator: "/")
            for (number, line) in document.lines.enumerated() {
                for match in line.matches(of: link) {
                    let path = String(match.output[1].substring ?? "")
                    count += 1
                    let place = "\(document.path):\(number + 1): \(path)"
                    #expect(exists(folder.isEmpty ? path : "\(folder)/\(path)"), "\(place)")
                }
            }
        }
        #expect(count > 20)
    }

    @Test("every `make` target that a document names is one of the Makefile's")
    func targets() throws {
        let makefile = try String(contentsOf: repository.root.appendingPathComponent("Makefile"), encoding: .utf8)
        let rules = try Regex(#"(?m)^([a-z][a-z-]*):"#)
        let known = Set(makefile.matches(of: rules).map { String($0.output[1].substring ?? "") })
        let named = try Regex(#"(`|^    |&& )make ([a-z][a-z-]*)"#)
        var count = 0
        for document in documents {
            for (number, line) in document.lines.enumerated() {
                for match in line.matches(of: named) {
                    let target = String(match.output[2].substring ?? "")
                    count += 1
                    #expect(known.contains(target), "\(document.path):\(number + 1): make \(target)")
                }
            }
        }
        #expect(count > 15)
    }

    @Test("every file of ours that a document names is there")
    func paths() throws {
        let path = try Regex(#"`((Sources|Tests|docs|jobs|cluster|docker)/[A-Za-z0-9_/.+-]*)"#)
        for document in documents where document.path != "CHANGELOG.md" {
            for (number, line) in document.lines.enumerated() {
                for match in line.matches(of: path) {
                    var name = String(match.output[1].substring ?? "")
                    while name.hasSuffix("/") || name.hasSuffix(".") { name.removeLast() }
                    // Models, rows and tables of a user's own.
                    if name.hasPrefix("jobs/models") || name.isEmpty { continue }
                    #expect(exists(name), "\(document.path):\(number + 1): \(name)")
                }
            }
        }
    }

    @Test("the prose of documents keeps to 120 columns; tables and commands may be wider")
    func width() {
        for document in documents where document.path != "CHANGELOG.md" {
            var isCode = false
            for (number, line) in document.lines.enumerated() {
                if line.hasPrefix("```") { isCode.toggle() }
                let isProse = !isCode && !["|", "    ", "<"].contains { line.hasPrefix($0) }
                #expect(!isProse || line.count <= 120, "\(document.path):\(number + 1) has \(line.count) columns")
            }
        }
    }
}
