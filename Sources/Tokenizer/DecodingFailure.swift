extension TokenizerError {
    /// Says in a sentence where and why JSON did not have the expected form.
    init(file: String, _ error: DecodingError) {
        let (path, reason): ([any CodingKey], String) =
            switch error {
            case .keyNotFound(let key, let context): (context.codingPath + [key], "missing")
            case .valueNotFound(_, let context): (context.codingPath, "null, where a value is needed")
            case .typeMismatch(_, let context): (context.codingPath, context.debugDescription)
            case .dataCorrupted(let context): (context.codingPath, Self.reason(of: context))
            @unknown default: ([], "\(error)")
            }
        self.init(file: file, key: Self.key(of: path), reason: reason)
    }

    private static func reason(of context: DecodingError.Context) -> String {
        guard let cause = context.underlyingError else { return context.debugDescription }
        return "not valid JSON, or cut short: \(cause)"
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
