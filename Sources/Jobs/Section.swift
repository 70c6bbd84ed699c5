import Foundation
import Yams

/// A YAML mapping whose keys are known: every value is read with an error that names file, line and key.
struct Section {
    let file: String
    /// What the mapping is, for messages: `a benchmark`.
    let what: String
    let line: Int?
    private let entries: [String: Node]

    /// - Parameter keys: the keys that may occur; any other is refused with the list of these.
    init(_ node: Node, of what: String, in file: String, keys: [String]) throws {
        guard let mapping = node.mapping else {
            throw JobFileError(
                file: file, line: node.mark?.line,
                message: "\(what) is a mapping with the keys \(keys.joined(separator: ", ")); found \(node.kind)")
        }
        var entries: [String: Node] = [:]
        for (key, value) in mapping {
            guard let name = key.string, keys.contains(name) else {
                throw JobFileError(
                    file: file, line: key.mark?.line,
                    message: "unknown key '\(key.string ?? "?")' in \(what); known: \(keys.joined(separator: ", "))")
            }
            entries[name] = value
        }
        self.file = file
        self.what = what
        self.line = node.mark?.line
        self.entries = entries
    }

    func error(_ message: String, at key: String? = nil) -> JobFileError {
        JobFileError(file: file, line: key.flatMap { entries[$0]?.mark?.line } ?? line, message: message)
    }

    subscript(key: String) -> Node? { entries[key] }

    func node(_ key: String) throws -> Node {
        guard let node = entries[key] else { throw error("\(what) has no '\(key)'") }
        return node
    }

    func string(_ key: String) throws -> String {
        guard let scalar = try node(key).scalar, !scalar.string.isEmpty else {
            throw error("'\(key)' of \(what) is a text", at: key)
        }
        return scalar.string
    }

    /// A list of at least one item.
    func list(_ key: String) throws -> [Node] {
        guard let sequence = try node(key).sequence, !sequence.isEmpty else {
            throw error("'\(key)' of \(what) is a list of at least one item", at: key)
        }
        return Array(sequence)
    }

    func positiveInteger(_ key: String) throws -> Int? {
        guard let node = entries[key] else { return nil }
        guard let value = node.int, value > 0 else {
            throw error("'\(key)' of \(what) is a whole number above 0", at: key)
        }
        return value
    }

    /// A path; relative ones start at `folder`.
    func path(_ key: String, from folder: URL) throws -> URL {
        let text = try string(key)
        let expanded = text.hasPrefix("~/") ? NSString(string: text).expandingTildeInPath : text
        let absolute = expanded.hasPrefix("/") ? expanded : folder.path + "/" + expanded
        return URL(fileURLWithPath: absolute).standardizedFileURL
    }
}

extension Node {
    /// What the node is, in a word.
    var kind: String {
        switch self {
        case .scalar(let scalar): "'\(scalar.string)'"
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }
}
