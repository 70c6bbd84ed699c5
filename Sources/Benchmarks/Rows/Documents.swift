import Foundation

/// Reads a benchmark's documents from its publisher's JSON Lines.
///
/// - Parameters:
///   - data: one JSON object a line; errors name the file as this URL's `relativePath` does.
///   - labels: the publisher's file of labels, one a line, where the rows lack them (PIQA).
///   - limit: how many rows to take from the top; all of them when nil.
/// - Throws: `BenchmarkError`, with file and line.
public func documents(
    benchmark: BenchmarkName, data: URL, labels: URL? = nil, limit: Int? = nil
) throws -> [Document] {
    let definition = benchmark.definition
    let rows = try LineFile(contentsOf: data)
    guard !rows.lines.isEmpty else {
        throw BenchmarkError(file: rows.name, "no rows; expected one JSON object a line")
    }
    if let limit, limit < 1 {
        throw BenchmarkError(file: rows.name, "a limit of \(limit) leaves no rows; give at least 1, or none for all")
    }
    let merge = try labels.map { url in try labelMerge(definition, benchmark, rows: rows, labels: url) }
    return try rows.lines.indices.prefix(limit ?? rows.lines.count).map { index in
        var row = try parseRow(rows, at: index)
        try merge?(&row)
        if let key = definition.labelKey, labels == nil, row.fields[key.name] == nil {
            throw row.error("no key '\(key.name)', and no file of labels was given; add `labels:` (\(key.origin))")
        }
        return try definition.document(row)
    }
}

private func parseRow(_ file: LineFile, at index: Int) throws -> Row {
    let text = try file.text(at: index)
    let value: JSONValue
    do {
        value = try JSONParser.parse(Array(text.utf8))
    } catch {
        throw file.error(at: index, error.description)
    }
    guard case .object(let fields) = value else {
        throw file.error(at: index, "\(value.kind), where a row is an object with keys")
    }
    return Row(file: file.name, id: index, fields: fields)
}

private func labelMerge(
    _ definition: any Benchmark, _ benchmark: BenchmarkName, rows: LineFile, labels url: URL
) throws -> (inout Row) throws -> Void {
    guard let key = definition.labelKey else {
        throw BenchmarkError(
            file: url.relativePath, "\(benchmark.rawValue) keeps its labels in the rows; leave `labels:` out")
    }
    let values = try key.values(contentsOf: url, rows: rows)
    return { row in try key.merge(values[row.id], into: &row, labels: url) }
}
