import Foundation

/// The keys and values of a reduction, from its canonical JSON.
struct ReductionSettings: Sendable {
    /// The JSON text.
    let json: String
    private let values: [String: Value]

    /// A flat JSON object; anything else has no keys, and its text for a method.
    init(_ json: String) {
        self.json = json
        values = (try? JSONDecoder().decode([String: Value].self, from: Data(json.utf8))) ?? [:]
    }

    var method: String { self["method"]?.text ?? json }

    /// In their order.
    var keys: [String] { values.keys.filter { self[$0] != nil }.sorted() }

    /// The value of a key; nil where it is null or missing.
    subscript(key: String) -> Value? {
        guard let value = values[key], value != .null else { return nil }
        return value
    }

    /// How far the reduction goes, for people: `20 %` of FLOPs, or `keep 0.905`.
    var target: String {
        if let flops = self["flops"]?.number { return "\(shortDecimals(flops * 100, 2)) %" }
        return self["keep_ratio"].map { "keep \($0.text)" } ?? "–"
    }

    /// A JSON value.
    enum Value: Sendable, Hashable, Decodable {
        case null
        case flag(Bool)
        case number(Double)
        case string(String)
        case list([Value])

        init(from decoder: any Decoder) throws {
            if var items = try? decoder.unkeyedContainer() {
                var list: [Value] = []
                while !items.isAtEnd { list.append(try items.decode(Value.self)) }
                self = .list(list)
                return
            }
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else {
                self = .string(try container.decode(String.self))
            }
        }

        var text: String {
            switch self {
            case .null: "null"
            case .flag(let flag): String(flag)
            case .number(let number): Int(exactly: number).map(String.init) ?? number.description
            case .string(let text): text
            case .list(let items): items.map(\.text).joined(separator: ",")
            }
        }

        var number: Double? { if case .number(let number) = self { number } else { nil } }

        var integers: [Int]? {
            guard case .list(let items) = self else { return nil }
            let integers = items.compactMap { $0.number.flatMap { Int(exactly: $0) } }
            return integers.count == items.count ? integers : nil
        }
    }
}
