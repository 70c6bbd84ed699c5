/// A JSON value that keeps the order of its keys, so that equal values have equal bytes.
public indirect enum JSONText: Sendable {
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
    public static func optional<Value>(_ value: Value?, _ make: (Value) -> JSONText) -> JSONText {
        value.map(make) ?? .null
    }

    /// A double as JSON where that is possible, else its name as text, which Python's `float` understands.
    public static func exact(_ value: Double) -> JSONText {
        value.isFinite ? .double(value) : .string(value.description)
    }

    /// An array of strings.
    public static func texts(_ values: [String]) -> JSONText { .array(values.map(JSONText.string)) }

    /// The same object with the members of another after its own.
    public func adding(_ members: JSONText) -> JSONText {
        guard case .object(let own) = self, case .object(let more) = members else { return self }
        return .object(own + more)
    }

    /// The text: on one line with a blank after each comma and colon, or, with `indent`, one value a line.
    ///
    /// Characters outside ASCII stay as they are, as with Python's `json.dumps(value, ensure_ascii=False)`.
    public func text(indent: Int? = nil) -> String { written(JSONWriter(indent: indent)) }

    /// The text on one line, without a blank.
    public var compact: String { written(JSONWriter(isCompact: true)) }

    /// The text for people: what fits in a line of so many columns stays in one, and the rest is indented by two blanks.
    public func text(width: Int) -> String { written(JSONWriter(indent: 2, width: width)) }

    private func written(_ writer: JSONWriter) -> String {
        var writer = writer
        writer.write(self, depth: 0)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension JSONText: ExpressibleByStringLiteral, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(integerLiteral value: Int) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSONText...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONText)...) { self = .object(elements) }
}
