import Hashing

/// One row of a data file, read by key, with errors that say where it stands.
struct Row {
    let file: String
    /// 0-based among the rows.
    let id: Int
    var fields: JSONObject

    func error(_ message: String) -> BenchmarkError {
        BenchmarkError(file: file, line: id + 1, message)
    }

    func value(_ key: String) throws -> JSONValue {
        guard let value = fields[key] else {
            let found = fields.keys.map { "'\($0)'" }.joined(separator: ", ")
            throw error("no key '\(key)'; the row has \(found.isEmpty ? "no keys" : found)")
        }
        return value
    }

    func string(_ key: String) throws -> String {
        let value = try value(key)
        guard case .string(let text) = value else { throw unexpected(key, value, "a string") }
        return text
    }

    func object(_ key: String) throws -> JSONObject {
        let value = try value(key)
        guard case .object(let object) = value else { throw unexpected(key, value, "an object") }
        return object
    }

    func strings(_ key: String) throws -> [String] {
        try strings(value(key), named: key)
    }

    /// The strings under a key of an object under a key.
    func strings(_ outer: String, _ inner: String) throws -> [String] {
        guard let value = try object(outer)[inner] else { throw error("no key '\(inner)' in '\(outer)'") }
        return try strings(value, named: "\(outer).\(inner)")
    }

    /// A label that is one of the given texts, written as a string or as a number; its place among them.
    func label(_ key: String, among labels: [String]) throws -> Int {
        let text: String
        switch try value(key) {
        case .string(let value): text = value
        case .integer(let digits): text = digits
        case let other: throw unexpected(key, other, "a label")
        }
        guard let index = labels.firstIndex(where: { sameScalars($0, text) }) else {
            throw error("key '\(key)' holds '\(text)', which is none of \(labels.joined(separator: ", "))")
        }
        return index
    }

    private func strings(_ value: JSONValue, named key: String) throws -> [String] {
        guard case .array(let values) = value else { throw unexpected(key, value, "an array of strings") }
        return try values.enumerated().map { index, value in
            guard case .string(let text) = value else { throw unexpected("\(key)[\(index)]", value, "a string") }
            return text
        }
    }

    private func unexpected(_ key: String, _ found: JSONValue, _ wanted: String) -> BenchmarkError {
        error("key '\(key)' holds \(found.kind), not \(wanted)")
    }
}

extension Row {
    /// The row's document: `doc` is the hub's columns where the row has them all, else the row as it stands, and
    /// then what lm-evaluation-harness adds to it.
    func document(
        columns: [String], adding extra: [JSONObject.Member] = [], gold: Int?, requests: [Request],
        target: String? = nil
    ) -> Document {
        var doc = fields.projected(onto: columns) ?? fields
        for member in extra { doc[member.key] = member.value }
        let target = target ?? gold.map(String.init) ?? ""
        return Document(
            id: id, source: PythonDump.text(.object(doc)), docHash: sha256(PythonDump.text(.object(doc), indent: 2)),
            gold: gold, requests: requests, target: target)
    }
}
