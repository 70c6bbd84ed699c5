import Foundation

/// A JSON value whose members keep the order in which they were written.
indirect enum JSONTree: Sendable {
    case text(String)
    case number(Double)
    case flag(Bool)
    case list([JSONTree])
    case object([Member])

    struct Member: Sendable {
        let key: String
        let value: JSONTree
    }

    /// The same object with more members after its own.
    func adding(_ members: JSONTree) -> JSONTree {
        guard case .object(let own) = self, case .object(let more) = members else { return self }
        return .object(own + more)
    }
}

extension JSONTree: ExpressibleByStringLiteral, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(stringLiteral value: String) { self = .text(value) }
    init(floatLiteral value: Double) { self = .number(value) }
    init(integerLiteral value: Int) { self = .number(Double(value)) }
    init(booleanLiteral value: Bool) { self = .flag(value) }
    init(arrayLiteral elements: JSONTree...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, JSONTree)...) {
        self = .object(elements.map { Member(key: $0.0, value: $0.1) })
    }

    static func texts(_ values: [String]) -> JSONTree { .list(values.map(JSONTree.text)) }
}

extension JSONTree {
    /// The text, indented by two blanks a level; what fits in a line of `width` columns stays in one.
    func text(width: Int = 120, indent: Int = 0) -> String {
        let line = line
        if line.count + indent + 2 <= width { return line }
        let margin = String(repeating: " ", count: indent + 2)
        switch self {
        case .list(let values):
            let lines = values.map { margin + $0.text(width: width, indent: indent + 2) }
            return "[\n\(lines.joined(separator: ",\n"))\n\(margin.dropLast(2))]"
        case .object(let members):
            let lines = members.map { member in
                "\(margin)\(quoted(member.key)): \(member.value.text(width: width, indent: indent + 2))"
            }
            return "{\n\(lines.joined(separator: ",\n"))\n\(margin.dropLast(2))}"
        default: return line
        }
    }

    /// The text in one line.
    private var line: String {
        switch self {
        case .text(let text): quoted(text)
        case .number(let number): number == number.rounded() && abs(number) < 1e16 ? "\(Int(number))" : "\(number)"
        case .flag(let flag): "\(flag)"
        case .list(let values): "[\(values.map(\.line).joined(separator: ", "))]"
        case .object(let members):
            "{\(members.map { "\(quoted($0.key)): \($0.value.line)" }.joined(separator: ", "))}"
        }
    }
}

/// A text as JSON writes it.
func quoted(_ text: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    guard let data = try? encoder.encode(text) else { return "\"\"" }
    return String(decoding: data, as: UTF8.self)
}
