/// A table in Markdown, in the layout of lm-evaluation-harness: headers centred, numbers to the right.
struct TextTable {
    struct Column {
        let header: String
        var isNumeric = false
    }

    let columns: [Column]
    var rows: [[String]] = []

    /// The table's lines, each ended.
    var text: String {
        let widths = columns.indices.map { index in
            max(3, columns[index].header.count, rows.map { $0[index].count }.max() ?? 0)
        }
        let header = zip(columns, widths).map { column, width in TextTable.centre(column.header, width) }
        let rule = zip(columns, widths).map { column, width in
            column.isNumeric ? String(repeating: "-", count: width - 1) + ":" : String(repeating: "-", count: width)
        }
        let body = rows.map { row in
            columns.indices.map { index in
                TextTable.pad(row[index], widths[index], right: columns[index].isNumeric)
            }
        }
        return ([header, rule] + body).map { "|" + $0.joined(separator: "|") + "|\n" }.joined()
    }

    /// The table with every cell as `write` writes it.
    func written(by write: (String) -> String) -> TextTable {
        TextTable(
            columns: columns.map { Column(header: write($0.header), isNumeric: $0.isNumeric) },
            rows: rows.map { $0.map(write) })
    }

    private static func centre(_ text: String, _ width: Int) -> String {
        let left = (width - text.count) / 2
        return blanks(left) + text + blanks(width - text.count - left)
    }

    private static func pad(_ text: String, _ width: Int, right: Bool) -> String {
        right ? blanks(width - text.count) + text : text + blanks(width - text.count)
    }

    private static func blanks(_ count: Int) -> String { String(repeating: " ", count: count) }
}
