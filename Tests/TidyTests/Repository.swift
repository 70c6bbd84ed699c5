import Foundation

/// The files of this repository that people wrote.
struct Repository {
    let root: URL
    let files: [SourceFile]

    struct SourceFile: CustomStringConvertible {
        /// Relative to the repository.
        let path: String
        let lines: [Substring]

        var description: String { path }
        var isGenerated: Bool { path.hasSuffix(".pb.swift") }
        /// The target that a file below Sources or Tests belongs to.
        var target: String { String(path.split(separator: "/").dropFirst().first ?? "") }
    }

    /// Files below Sources and Tests, and at the top, that are text of ours.
    static func load() throws -> Repository {
        var root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<3 { root.deleteLastPathComponent() }
        let manager = FileManager.default
        var paths = try manager.contentsOfDirectory(atPath: root.path)
        for folder in ["Sources", "Tests", "docs", "jobs", ".ci"] {
            let below = try? manager.subpathsOfDirectory(atPath: root.appendingPathComponent(folder).path)
            paths += (below ?? []).map { "\(folder)/\($0)" }
        }
        let extensions = ["swift", "c", "h", "cu", "md", "yaml", "sh", "proto", "modulemap"]
        let names = ["Makefile", "run"]
        let files = paths.sorted().filter { path in
            let name = path.split(separator: "/").last.map(String.init) ?? path
            return extensions.contains { name.hasSuffix(".\($0)") } || names.contains(name)
        }.filter { !$0.hasPrefix("jobs/models/") }
        return Repository(
            root: root,
            files: try files.map { path in
                let text = try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
                return SourceFile(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false))
            })
    }

    /// `path:line: text` of each line of chosen files that a test objects to.
    func lines(in chosen: [SourceFile], where objects: (Substring) -> Bool) -> [String] {
        chosen.flatMap { file in
            let found = file.lines.enumerated().filter { objects($0.element) }
            return found.map { "\(file.path):\($0.offset + 1): \($0.element)" }
        }
    }

    /// Files below Sources.
    var sources: [SourceFile] { files.filter { $0.path.hasPrefix("Sources/") } }
}
