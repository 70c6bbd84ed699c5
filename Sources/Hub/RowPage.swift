import Foundation

/// A page of a data set's rows, as `GET /rows` of the datasets server gives it.
struct RowPage {
    /// Rows in the whole split.
    let total: Int
    /// Each row as one line of JSON, as the server wrote it.
    let rows: [[UInt8]]

    private struct Answer: Decodable {
        struct Feature: Decodable { var name: String }
        struct Row: Decodable {
            var index: Int
            var truncatedCells: [String]
            enum CodingKeys: String, CodingKey {
                case index = "row_idx"
                case truncatedCells = "truncated_cells"
            }
        }
        var features: [Feature]
        var rows: [Row]
        var total: Int
        var partial: Bool?
        enum CodingKeys: String, CodingKey {
            case features, rows, partial
            case total = "num_rows_total"
        }
    }

    /// - Parameters:
    ///   - offset: the index of its first row.
    ///   - columns: what each row must have.
    ///   - dataset: for messages.
    init(_ json: [UInt8], offset: Int, columns: [String], dataset: String) throws(HubError) {
        func refusal(_ reason: String) -> HubError { HubError(.answer, "the rows of \(dataset) \(reason)") }
        let answer: Answer
        do {
            answer = try JSONDecoder().decode(Answer.self, from: Data(json))
        } catch {
            throw refusal("from \(offset) on are not the JSON that the datasets server's interface describes")
        }
        guard answer.partial != true else { throw refusal("are there in part only; the server has not read them all") }
        let names = answer.features.map(\.name)
        if let missing = columns.first(where: { !names.contains($0) }) {
            throw refusal("have no column '\(missing)'; they have \(names.joined(separator: ", "))")
        }
        for (position, row) in answer.rows.enumerated() {
            guard row.index == offset + position else {
                throw refusal("come as \(row.index) where \(offset + position) should stand")
            }
            guard row.truncatedCells.isEmpty else {
                throw refusal(
                    "are cut: the server shortened \(row.truncatedCells.joined(separator: ", ")) of row \(row.index)"
                )
            }
        }
        guard let rows = RowText.rows(of: json), rows.count == answer.rows.count else {
            throw refusal("from \(offset) on hold a row that is no object, or a key twice")
        }
        total = answer.total
        self.rows = rows
    }
}
