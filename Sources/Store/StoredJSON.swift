import Foundation

/// Lists that the store keeps as JSON text.
enum StoredJSON {
    static func text(_ list: [Int]) -> String { "[" + list.map(String.init).joined(separator: ",") + "]" }

    static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func value<Value: Decodable>(_ text: String, as type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }
}

/// A document's prompts with each context written once: a group is a context and then its continuations.
enum PromptGroups {
    static func group(_ prompts: [ManifestExample.Prompt]) -> [[String]] {
        var groups: [[String]] = []
        for prompt in prompts {
            if groups.last?.first.map({ $0.utf8.elementsEqual(prompt.context.utf8) }) != true {
                groups.append([prompt.context])
            }
            groups[groups.count - 1].append(prompt.continuation)
        }
        return groups
    }

    static func pairs(_ groups: [[String]]) -> [(context: String, continuation: String)] {
        groups.flatMap { group in group.dropFirst().map { (group[0], $0) } }
    }
}
