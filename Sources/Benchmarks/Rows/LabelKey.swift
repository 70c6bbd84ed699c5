import Foundation
import Wording

/// A key whose values a publisher keeps in a file of their own, one a line.
struct LabelKey: Sendable {
    enum Kind: Sendable { case integer, string }

    let name: String
    /// What a line may hold.
    let labels: [String]
    /// How lm-evaluation-harness's `doc` holds it.
    let kind: Kind
    /// The publisher's file that holds it.
    let origin: String

    /// The values in the lines of a label file, which must number as many as the rows.
    func values(contentsOf url: URL, rows: LineFile) throws -> [JSONValue] {
        let file = try LineFile(contentsOf: url)
        guard file.lines.count == rows.lines.count else {
            throw BenchmarkError(
                file: file.name,
                "\(counted(file.lines.count, "label")) for \(counted(rows.lines.count, "row")) of \(rows.name);"
                    + " take both files from the same release and split")
        }
        return try file.lines.indices.map { index in
            let text = try file.text(at: index).stripped
            guard labels.contains(text) else {
                throw file.error(at: index, "label '\(text)' is none of \(labels.joined(separator: ", "))")
            }
            return kind == .integer ? .integer(text) : .string(text)
        }
    }

    /// Puts a label into a row; one that is there already has to agree.
    func merge(_ label: JSONValue, into row: inout Row, labels url: URL) throws {
        if row.fields[name] != nil {
            let own = try labels[row.label(name, among: labels)]
            guard label == .integer(own) || label == .string(own) else {
                throw row.error(
                    "key '\(name)' holds '\(own)', but \(url.relativePath):\(row.id + 1) has another label;"
                        + " the files do not belong together")
            }
        } else {
            row.fields[name] = label
        }
    }
}
