/// A JSON text as Python's `json` sees it: keys in the order of the text, integers of any size.
enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// The digits as written; a lone `-0` is `0`.
    case integer(String)
    case float(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// What the value is, for messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a truth value"
        case .integer, .float: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// Keys and values in the order of the text; a key occurs once.
struct JSONObject: Equatable, Sendable {
    struct Member: Equatable, Sendable {
        let key: String
        var value: JSONValue
    }

    var members: [Member] = []

    var keys: [String] { members.map(\.key) }

    /// The value of a key; setting one that is new appends it.
    subscript(key: String) -> JSONValue? {
        get { members.first { $0.key == key }?.value }
        set {
            let index = members.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    /// The given keys in the given order, or nil when one is missing.
    func projected(onto keys: [String]) -> JSONObject? {
        var result = JSONObject()
        for key in keys {
            guard let value = self[key] else { return nil }
            result.members.append(Member(key: key, value: value))
        }
        return result
    }
}
