/// A member of a JSON object: its name, what the interface's description says of it, and where its value comes from.
struct Field<Subject>: Sendable {
    let member: Schema.Member
    private let write: @Sendable (Subject, inout KeyedEncodingContainer<FieldName>) throws -> Void

    /// A member that is always there.
    init<Value: Encodable & Sendable>(_ name: String, _ schema: Schema, _ value: @escaping @Sendable (Subject) -> Value)
    {
        member = Schema.Member(name, schema)
        write = { subject, object in try object.encode(value(subject), forKey: FieldName(name)) }
    }

    /// A member that is left out where there is no value.
    init<Value: Encodable & Sendable>(
        optional name: String, _ schema: Schema, _ value: @escaping @Sendable (Subject) -> Value?
    ) {
        member = Schema.Member(name, schema, isRequired: false)
        write = { subject, object in try object.encodeIfPresent(value(subject), forKey: FieldName(name)) }
    }

    /// Writes an object of these members.
    static func encode(_ subject: Subject, _ fields: [Field], to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: FieldName.self)
        for field in fields { try field.write(subject, &object) }
    }

    /// What such an object is.
    static func schema(_ fields: [Field]) -> Schema { .object(fields.map(\.member)) }
}

/// A member's name, as it is written.
struct FieldName: CodingKey {
    let stringValue: String

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
    var intValue: Int? { nil }
}
