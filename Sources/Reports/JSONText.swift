/// A JSON value that keeps the order of its keys, so that equal reports have equal bytes.
indirect enum JSONText: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    /// null where JSON has no number for it.
    case double(Double)
    case string(String)
    case array([JSONText])
    case object([(String, JSONText)])
    /// JSON text from elsewhere, taken as it is but for its line breaks.
    case raw(String)

    /// null for nil.
    static func optional<Value>(_ value: Value?, _ make: (Value) -> JSONText) -> JSONText {
        value.map(make) ?? .null
    }

    /// A double as JSON where that is possible, else its name as text, which Python's `float` understands.
    static func exact(_ value: Double) -> JSONText {
        value.isFinite ? .double(value) : .string(value.description)
    }

    /// The text: on one line with a blank after each comma and colon, or, with `indent`, one value a line.
    ///
    /// Characters outside ASCII stay as they are, as with Python's `json.dumps(value, ensure_ascii=False)`.
    func text(indent: Int? = nil) -> String {
        var writer = JSONWriter(indent: indent)
        writer.write(self, depth: 0)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

private struct JSONWriter {
    let indent: Int?
    var bytes: [UInt8] = []

    init(indent: Int?) { self.indent = indent }

    mutating func write(_ value: JSONText, depth: Int) {
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
                writer.append(": ")
                writer.write(member.1, depth: depth + 1)
            }
        }
    }

    private mutating func list<Item>(
        _ opening: String, _ closing: String, _ items: [Item], depth: Int, _ body: (inout JSONWriter, Item) -> Void
    ) {
        append(opening)
        for (position, item) in items.enumerated() {
            if position > 0 { append(indent == nil ? ", " : ",") }
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
