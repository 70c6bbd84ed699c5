/// What a JSON value of the interface looks like, as its OpenAPI document tells.
indirect enum Schema: Sendable {
    /// A member of an object.
    struct Member: Sendable {
        let name: String
        let schema: Schema
        /// Whether it is always there.
        let isRequired: Bool

        init(_ name: String, _ schema: Schema, isRequired: Bool = true) {
            self.name = name
            self.schema = schema
            self.isRequired = isRequired
        }
    }

    case string, integer, number, boolean
    /// One of some words.
    case words([String])
    /// The value, or null.
    case nullable(Schema)
    case array(Schema)
    /// These members and no others.
    case object([Member])
    /// A schema of the document, by name.
    case named(String)
    /// An object that the document does not describe further.
    case open

    /// As JSON Schema.
    var json: JSONNode {
        switch self {
        case .string: ["type": "string"]
        case .integer: ["type": "integer"]
        case .number: ["type": "number"]
        case .boolean: ["type": "boolean"]
        case .words(let words): ["type": "string", "enum": .array(words.map { .string($0) })]
        case .nullable(let schema): ["anyOf": .array([schema.json, ["type": "null"]])]
        case .array(let schema): ["type": "array", "items": schema.json]
        case .named(let name): ["$ref": .string("#/components/schemas/\(name)")]
        case .open: ["type": "object"]
        case .object(let members):
            [
                "type": "object",
                "properties": .object(members.map { ($0.name, $0.schema.json) }),
                "required": .array(members.filter(\.isRequired).map { .string($0.name) }),
                "additionalProperties": false,
            ]
        }
    }
}

/// A JSON value that keeps the order of its members.
enum JSONNode: Sendable, ExpressibleByStringLiteral, ExpressibleByDictionaryLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral
{
    case string(String)
    case bool(Bool)
    case integer(Int)
    case array([JSONNode])
    case object([(String, JSONNode)])

    init(stringLiteral value: String) { self = .string(value) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(integerLiteral value: Int) { self = .integer(value) }
    init(arrayLiteral elements: JSONNode...) { self = .array(elements) }
    init(dictionaryLiteral elements: (String, JSONNode)...) { self = .object(elements) }

    /// On one line.
    var text: String {
        switch self {
        case .string(let text): Self.quoted(text)
        case .bool(let flag): flag ? "true" : "false"
        case .integer(let number): "\(number)"
        case .array(let items): "[\(items.map(\.text).joined(separator: ","))]"
        case .object(let members):
            "{\(members.map { "\(Self.quoted($0)):\($1.text)" }.joined(separator: ","))}"
        }
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\u{0}"..."\u{1F}": "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: String(scalar)
            }
        }
        return "\"\(escaped.joined())\""
    }
}
