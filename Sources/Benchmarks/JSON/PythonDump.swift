/// Writes JSON byte for byte as Python's `json.dumps(value, ensure_ascii=False)` does.
struct PythonDump {
    /// Spaces for each level, or nil for one line.
    let indent: Int?
    private var text: [UInt8] = []

    /// The text of a value; `indent: 2` is the form that lm-evaluation-harness hashes.
    static func text(_ value: JSONValue, indent: Int? = nil) -> String {
        var dump = PythonDump(indent: indent)
        dump.write(value, level: 0)
        return String(decoding: dump.text, as: UTF8.self)
    }

    private init(indent: Int?) { self.indent = indent }

    private mutating func write(_ value: JSONValue, level: Int) {
        switch value {
        case .null: text += "null".utf8
        case .bool(let value): text += (value ? "true" : "false").utf8
        case .integer(let digits): text += digits.utf8
        case .float(let value): text += pythonRepresentation(value).utf8
        case .string(let value): write(value)
        case .array(let values):
            writeItems(values, open: "[", close: "]", level: level) { dump, value in
                dump.write(value, level: level + 1)
            }
        case .object(let object):
            writeItems(object.members, open: "{", close: "}", level: level) { dump, member in
                dump.write(member.key)
                dump.text += ": ".utf8
                dump.write(member.value, level: level + 1)
            }
        }
    }

    private mutating func writeItems<Item>(
        _ items: [Item], open: String, close: String, level: Int, write: (inout PythonDump, Item) -> Void
    ) {
        text += open.utf8
        for (index, item) in items.enumerated() {
            if index > 0 { text += (indent == nil ? ", " : ",").utf8 }
            breakLine(level: level + 1)
            write(&self, item)
        }
        if !items.isEmpty { breakLine(level: level) }
        text += close.utf8
    }

    private mutating func breakLine(level: Int) {
        guard let indent else { return }
        text.append(0x0A)
        text += repeatElement(0x20, count: indent * level)
    }

    private mutating func write(_ string: String) {
        text.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): text += "\\\"".utf8
            case UInt8(ascii: "\\"): text += "\\\\".utf8
            case 0x08: text += "\\b".utf8
            case 0x09: text += "\\t".utf8
            case 0x0A: text += "\\n".utf8
            case 0x0C: text += "\\f".utf8
            case 0x0D: text += "\\r".utf8
            case 0..<0x20: text += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}

/// A float as Python prints it: the fewest digits that read back, an exponent below 1e-4 and from 1e16 on.
func pythonRepresentation(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity" }
    let sign = value.sign == .minus ? "-" : ""
    guard value != 0 else { return sign + "0.0" }
    let (digits, point) = shortestDigits(value.magnitude)
    let zeros = { (count: Int) in String(repeating: "0", count: count) }
    switch point {
    case ...(-4), 17...:
        let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
        let exponent = abs(point - 1)
        return "\(sign)\(digits.prefix(1))\(fraction)e\(point < 1 ? "-" : "+")\(exponent < 10 ? "0" : "")\(exponent)"
    case ...0:
        return "\(sign)0.\(zeros(-point))\(digits)"
    default:
        let whole = digits.prefix(point) + zeros(max(0, point - digits.count))
        let fraction = digits.count > point ? String(digits.dropFirst(point)) : "0"
        return "\(sign)\(whole).\(fraction)"
    }
}

/// The significant digits of a positive number, and how many of them stand before the decimal point.
private func shortestDigits(_ value: Double) -> (digits: String, point: Int) {
    let parts = "\(value)".split(separator: "e")
    let halves = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    let whole = halves[0].drop { $0 == "0" }
    let fraction = halves.count > 1 && halves[1] != "0" ? halves[1] : ""
    var point = whole.count + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
    var digits = String(whole + fraction)
    if whole.isEmpty {
        let significant = digits.drop { $0 == "0" }
        point -= digits.count - significant.count
        digits = String(significant)
    }
    while digits.last == "0" { digits.removeLast() }
    return (digits, point)
}
