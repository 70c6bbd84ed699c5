import OrderedJSON

/// Writes JSON byte for byte as Python's `json.dumps(value, ensure_ascii=False)` does.
enum PythonDump {
    /// The text of a value; `indent: 2` is the form that lm-evaluation-harness hashes.
    static func text(_ value: JSONValue, indent: Int? = nil) -> String { json(value).text(indent: indent) }

    private static func json(_ value: JSONValue) -> JSONText {
        switch value {
        case .null: .null
        case .bool(let flag): .bool(flag)
        case .integer(let digits): .raw(digits)
        case .float(let number): .raw(pythonRepresentation(number))
        case .string(let text): .string(text)
        case .array(let values): .array(values.map(json))
        case .object(let object): .object(object.members.map { ($0.key, json($0.value)) })
        }
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
