/// Writes JSON as text, on one line or several.
struct JSONWriter {
    /// Blanks a level; nil for one line.
    let indent: Int?
    /// Columns that a value may take to stay on its line, with two to spare; nil for none of those that have members.
    let width: Int?
    private let comma: String
    private let colon: String
    private(set) var bytes: [UInt8] = []

    init(indent: Int? = nil, width: Int? = nil, isCompact: Bool = false) {
        self.indent = indent
        self.width = width
        comma = isCompact || indent != nil ? "," : ", "
        colon = isCompact ? ":" : ": "
    }

    mutating func write(_ value: JSONText, depth: Int) {
        if let width, let indent {
            let line = value.text()
            if line.count + indent * (depth + 1) <= width { return append(line) }
        }
        switch value {
        case .null: append("null")
        case .bool(let flag): append(flag ? "true" : "false")
        case .integer(let number): append(String(number))
        case .double(let number): append(number.isFinite ? number.description : "null")
        case .string(let text): quote(text)
        case .raw(let text): append(String(text.map { $0.isNewline ? " " : $0 }))
        case .array(let items):
            list("[", "]", items, depth: depth) { writer, item in writer.write(item, depth: depth + 1) }
        case .object(let members):
            list("{", "}", members, depth: depth) { writer, member in
                writer.quote(member.0)
                writer.append(writer.colon)
                writer.write(member.1, depth: depth + 1)
            }
        }
    }

    private mutating func list<Item>(
        _ opening: String, _ closing: String, _ items: [Item], depth: Int, _ body: (inout JSONWriter, Item) -> Void
    ) {
        append(opening)
        for (position, item) in items.enumerated() {
            if position > 0 { append(comma) }
            breakLine(depth + 1)
            body(&self, item)
        }
        if !items.isEmpty { breakLine(depth) }
        append(closing)
    }

    private mutating func breakLine(_ depth: Int) {
        guard let indent else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent * depth))
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case 0x08: append("\\b")
            case 0x09: append("\\t")
            case 0x0A: append("\\n")
            case 0x0C: append("\\f")
            case 0x0D: append("\\r")
            case 0..<0x10: append("\\u000" + String(byte, radix: 16))
            case 0x10..<0x20: append("\\u00" + String(byte, radix: 16))
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
