import Foundation

extension TokenizerError {
    /// Says in a sentence where and why `data` did not have the expected form.
    init(file: String, _ error: DecodingError, in data: Data) {
        let (path, reason): ([any CodingKey], String) =
            switch error {
            case .keyNotFound(let key, let context): (context.codingPath + [key], "missing")
            case .valueNotFound(_, let context): (context.codingPath, "null, where a value is needed")
            case .typeMismatch(_, let context): (context.codingPath, context.debugDescription)
            case .dataCorrupted(let context) where !context.codingPath.isEmpty:
                (context.codingPath, context.debugDescription)
            case .dataCorrupted: ([], Self.syntaxFault(in: data))
            @unknown default: ([], "\(error)")
            }
        self.init(file: file, key: Self.key(of: path), reason: reason)
    }

    /// What is wrong with the JSON; the decoder only says that something is, and takes a huge number for bad syntax.
    private static func syntaxFault(in data: Data) -> String {
        do {
            _ = try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
            return "a number is too large"
        } catch {
            let detail = (error as NSError).userInfo["NSDebugDescription"] as? String
            return "not valid JSON: \(detail ?? error.localizedDescription)"
        }
    }

    /// A path in the notation of the messages, such as `added_tokens[2].id`.
    private static func key(of path: [any CodingKey]) -> String {
        path.reduce(into: "") { key, part in
            if let index = part.intValue {
                key += "[\(index)]"
            } else {
                key += key.isEmpty ? part.stringValue : ".\(part.stringValue)"
            }
        }
    }
}
