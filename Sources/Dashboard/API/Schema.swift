import OrderedJSON

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
    var json: JSONText {
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
