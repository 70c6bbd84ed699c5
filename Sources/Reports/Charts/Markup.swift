/// Text that is safe between tags and in quoted attributes of HTML and SVG.
///
/// Characters that XML 1.0 does not allow become U+FFFD, and so does what turns the direction of text.
public func escapedMarkup(_ text: String) -> String {
    var escaped = ""
    escaped.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": escaped += "&amp;"
        case "<": escaped += "&lt;"
        case ">": escaped += "&gt;"
        case "\"": escaped += "&quot;"
        case "'": escaped += "&#39;"
        case "\t", "\n", "\r": escaped.unicodeScalars.append(scalar)
        case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}", "\u{FFFE}",
            "\u{FFFF}":
            escaped += "\u{FFFD}"
        default: escaped.unicodeScalars.append(scalar)
        }
    }
    return escaped
}

/// HTML or SVG as it grows: elements with escaped attributes and text, closed in the order in which they were opened.
public struct Markup: Sendable {
    /// What is written.
    public private(set) var text = ""

    /// Nothing yet.
    public init() {}

    /// An element around what `content` writes.
    public mutating func element(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: (inout Markup) -> Void
    ) {
        open(name, attributes)
        text += ">"
        content(&self)
        text += "</\(name)>"
    }

    /// An element around text.
    public mutating func element(
        _ name: String, _ attributes: KeyValuePairs<String, String>, _ content: String
    ) {
        element(name, attributes) { $0.write(content) }
    }

    /// An element without attributes around text.
    public mutating func element(_ name: String, _ content: String) { element(name, [:], content) }

    /// An SVG element without content.
    public mutating func leaf(_ name: String, _ attributes: KeyValuePairs<String, String>) {
        open(name, attributes)
        text += "/>"
    }

    /// Text, escaped.
    public mutating func write(_ content: String) { text += escapedMarkup(content) }

    /// Markup that is written already.
    public mutating func append(_ markup: String) { text += markup }

    private mutating func open(_ name: String, _ attributes: KeyValuePairs<String, String>) {
        text += "<\(name)"
        for (key, value) in attributes { text += " \(key)=\"\(escapedMarkup(value))\"" }
    }
}

/// A coordinate with at most two decimals.
func place(_ value: Double) -> String { shortDecimals(value == 0 ? 0 : value, 2) }
