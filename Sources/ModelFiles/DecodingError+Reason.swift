import Foundation

extension DecodingError {
    /// What Foundation's parser has to say, without its type names.
    var reason: String {
        let details = context
        guard let cause = details.underlyingError else { return details.debugDescription }
        return (cause as NSError).userInfo["NSDebugDescription"] as? String ?? details.debugDescription
    }

    /// The keys that lead to the place of the error.
    var path: [String] { context.codingPath.map(\.stringValue) }

    private var context: Context {
        switch self {
        case .dataCorrupted(let context), .typeMismatch(_, let context), .valueNotFound(_, let context): context
        case .keyNotFound(let key, let context):
            Context(codingPath: context.codingPath, debugDescription: "'\(key.stringValue)' is missing")
        @unknown default: Context(codingPath: [], debugDescription: "\(self)")
        }
    }
}
