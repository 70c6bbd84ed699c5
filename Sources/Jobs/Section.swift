import Foundation
import Yams

/// A YAML mapping whose keys are known: every value is read with an error that names file, line and key.
struct Section {
    let file: String
    /// What the mapping is, for messages: `a benchmark`.
    let what: String
    let line: Int?
    private let entries: [String: Node]

    /// - Parameters:
    ///   - keys: the keys that may occur; any other is refused with the list of these.
    ///   - short: the key that a lone scalar stands for, where it may.
    init(_ node: Node, of what: String, in file: String, keys: [JobKey], short: String? = nil) throws {
        self.file = file
        self.what = what
        line = node.mark?.line
        if let short, node.scalar != nil {
            entries = [short: node]
            return
        }
        let names = keys.map(\.name)
        guard let mapping = node.mapping else {
            throw JobFileError(
                file: file, line: node.mark?.line,
                message: "\(what) is a mapping with the keys \(names.joined(separator: ", ")); found \(node.kind)")
        }
        var entries: [String: Node] = [:]
        for (key, value) in mapping {
            let name = key.name
            guard names.contains(name) else {
                throw JobFileError(
                    file: file, line: key.mark?.line,
                    message: refusalOfMergeKey(name)
                        ?? "unknown key '\(name)' in \(what); \(known(names, insteadOf: name))")
            }
            entries[name] = value
        }
        self.entries = entries
    }

    func error(_ message: String, at key: String? = nil) -> JobFileError {
        JobFileError(file: file, line: key.flatMap { entries[$0]?.mark?.line } ?? line, message: message)
    }

    func has(_ key: String) -> Bool { entries[key] != nil }

    /// What `read` gives, or nil where the key lacks.
    func optional<Value>(_ key: String, _ read: (String) throws -> Value) rethrows -> Value? {
        has(key) ? try read(key) : nil
    }

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

    /// A text of a form.
    func string(_ key: String, like form: TextForm) throws -> String {
        let text = try string(key)
        guard form.matches(text) else { throw error("\(form.text); found '\(text)'", at: key) }
        return text
    }

    /// One of the names of a table.
    func name<T: RawRepresentable<String> & CaseIterable>(_ key: String, of what: String) throws -> T {
        let text = try string(key)
        guard let value = T(rawValue: text) else {
            throw error("unknown \(what) '\(text)'; \(known(T.allCases.map(\.rawValue), insteadOf: text))", at: key)
        }
        return value
    }

    /// A list of at least one item.
    func list(_ key: String) throws -> [Node] {
        guard let sequence = try node(key).sequence, !sequence.isEmpty else {
            throw error("'\(key)' of \(what) is a list of at least one item", at: key)
        }
        return Array(sequence)
    }

    func positiveInteger(_ key: String) throws -> Int {
        guard let value = try node(key).int, value > 0 else {
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

/// What to say of YAML's merge key, which is not read; nil for any other key.
func refusalOfMergeKey(_ key: String) -> String? {
    guard key == "<<" else { return nil }
    return "merge keys ('<<') are not read; write the keys out, or sweep with lists"
}

extension Node {
    /// A key's text.
    var name: String { scalar?.string ?? kind }

    /// What the node is, in a word.
    var kind: String {
        switch self {
        case .scalar(let scalar): "'\(scalar.string)'"
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }

    /// Whether the tree has more nodes than so many, each alias counted as what it stands for.
    func exceeds(_ limit: Int) -> Bool {
        var waiting = [self]
        var count = 0
        while let node = waiting.popLast() {
            count += 1
            if count + waiting.count > limit { return true }
            switch node {
            case .sequence(let sequence): waiting += sequence
            case .mapping(let mapping): for (key, value) in mapping { waiting += [key, value] }
            case .scalar, .alias: break
            }
        }
        return false
    }
}
