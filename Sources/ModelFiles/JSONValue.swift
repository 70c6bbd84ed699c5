import Foundation

/// A parsed JSON value whose type is not known beforehand.
enum JSONValue: Decodable, Equatable {
    case null
    case flag(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .flag(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    /// Parses the object that a file holds.
    static func object(_ source: UnsafeRawBufferPointer, file: String) throws(ModelFileError) -> [String: JSONValue] {
        let data: Data
        do {
            data = try JSONText.checked(source, allowsNonFinite: true)
        } catch {
            throw ModelFileError(file: file, reason: error.reason)
        }
        do {
            guard case .object(let values) = try JSONDecoder().decode(JSONValue.self, from: data) else {
                throw ModelFileError(file: file, reason: "holds JSON that is not an object")
            }
            return values
        } catch let error as ModelFileError {
            throw error
        } catch let error as DecodingError {
            throw ModelFileError(file: file, reason: "is not valid JSON: \(error.reason)")
        } catch {
            throw ModelFileError(file: file, reason: "is not valid JSON: \(error)")
        }
    }

    /// The value as the file spells it, shortened.
    var spelling: String {
        switch self {
        case .null: "null"
        case .flag(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): value.count > 60 ? "\"\(value.prefix(60))…\"" : "\"\(value)\""
        case .array(let values): "an array of \(values.count)"
        case .object: "an object"
        }
    }
}
