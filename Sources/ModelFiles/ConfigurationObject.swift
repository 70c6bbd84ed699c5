/// A JSON object of a config.json, read key by key with errors that name the file and the key.
///
/// A key that is absent or null has its default.
struct ConfigurationObject {
    let file: String
    /// The object's own key, with a dot, or empty for the file's outermost object.
    let prefix: String
    let values: [String: JSONValue]

    /// Above any model's dimension; keeps products of dimensions within 63 bits.
    static let dimensionLimit = 1 << 24

    init(file: String, prefix: String = "", values: [String: JSONValue]) {
        self.file = file
        self.prefix = prefix
        self.values = values
    }

    func has(_ key: String) -> Bool { value(key) != nil }

    /// A positive whole number.
    func dimension(_ key: String, default standard: Int, limit: Int = dimensionLimit) throws(ModelFileError) -> Int {
        guard let value = value(key) else { return standard }
        guard case .integer(let number) = value, 1...limit ~= number else {
            throw refusal(key, "is \(value.spelling), not a whole number from 1 to \(limit)")
        }
        return number
    }

    func flag(_ key: String, default standard: Bool) throws(ModelFileError) -> Bool {
        guard let value = value(key) else { return standard }
        guard case .flag(let flag) = value else { throw refusal(key, "is \(value.spelling), not true or false") }
        return flag
    }

    func string(_ key: String, default standard: String) throws(ModelFileError) -> String {
        guard let value = value(key) else { return standard }
        guard case .string(let text) = value else { throw refusal(key, "is \(value.spelling), not a string") }
        return text
    }

    func object(_ key: String) throws(ModelFileError) -> ConfigurationObject {
        guard let value = value(key) else {
            return ConfigurationObject(file: file, prefix: prefix + key + ".", values: [:])
        }
        guard case .object(let values) = value else { throw refusal(key, "is \(value.spelling), not an object") }
        return ConfigurationObject(file: file, prefix: prefix + key + ".", values: values)
    }

    /// A small positive number, the ε of a norm.
    func epsilon(_ key: String, default standard: Float) throws(ModelFileError) -> Float {
        guard let value = value(key) else { return standard }
        guard let number = value.float, number >= 0, number < 1 else {
            throw refusal(key, "is \(value.spelling), not a number from 0 to 1")
        }
        return number
    }

    /// A pair [lowest, highest], whose highest may be infinite.
    func limits(_ key: String) throws(ModelFileError) -> ClosedRange<Float> {
        guard let value = value(key) else { return 0...Float.infinity }
        guard case .array(let pair) = value, pair.count == 2, let lowest = pair[0].float, let highest = pair[1].float,
            lowest <= highest, lowest.isFinite
        else { throw refusal(key, "is not a pair of numbers [lowest, highest]") }
        return lowest...highest
    }

    /// Refuses any value but `required`: the model would compute something else.
    func require(_ key: String, _ required: Bool, because meaning: String) throws(ModelFileError) {
        guard try flag(key, default: required) == required else {
            throw refusal(key, "is \(!required): \(meaning) is not supported")
        }
    }

    func refusal(_ key: String, _ reason: String) -> ModelFileError {
        ModelFileError(file: file, reason: "\(prefix)\(key) \(reason)")
    }

    func value(_ key: String) -> JSONValue? {
        guard let value = values[key], value != .null else { return nil }
        return value
    }
}

extension JSONValue {
    /// The number, also where Python wrote an infinity as a bare word or as `{"__float__": "Infinity"}`.
    fileprivate var float: Float? {
        switch self {
        case .integer(let value): Float(value)
        case .number(let value): Float(value)
        case .string("Infinity"): .infinity
        case .object(let members): members.count == 1 ? members["__float__"]?.float : nil
        default: nil
        }
    }
}
