import Foundation

/// The status and the header fields of an answer.
struct HTTPHead: Sendable {
    private(set) var status = 0
    /// By name in lower case; of fields that repeat, the last.
    private var fields: [String: String] = [:]

    private static let fieldLimit = 200

    subscript(name: String) -> String? { fields[name] }

    /// Takes a line; a status line begins anew, for an interim answer may come before the one that counts.
    mutating func add(line: String) {
        if line.hasPrefix("HTTP/") {
            self = HTTPHead()
            let parts = line.split(whereSeparator: \.isWhitespace)
            status = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        } else if let colon = line.firstIndex(of: ":"), fields.count < Self.fieldLimit {
            fields[line[..<colon].lowercased()] = line[line.index(after: colon)...]
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    var contentLength: Int? { self["content-length"].flatMap { Int($0) } }

    /// The media type without its parameters.
    var contentType: String? {
        self["content-type"]?.split(separator: ";").first?.trimmingCharacters(in: .whitespaces).lowercased()
    }

    /// First byte and whole length of a part, from `bytes 5-9/10`.
    var contentRange: (start: Int, total: Int)? {
        guard let text = self["content-range"], text.hasPrefix("bytes ") else { return nil }
        let numbers = text.dropFirst(6).split(whereSeparator: { $0 == "-" || $0 == "/" })
        guard numbers.count == 3, let start = Int(numbers[0]), let total = Int(numbers[2]) else { return nil }
        return (start, total)
    }

    /// A validator that holds byte by byte.
    var strongETag: String? {
        self["etag"].flatMap { $0.hasPrefix("\"") && $0.utf8.count <= 200 ? $0 : nil }
    }

    /// How long the server asks to wait: `Retry-After` in seconds or as a date, else the hub's `RateLimit: …;t=SECONDS`.
    func wait(now: Date) -> Duration? {
        if let text = self["retry-after"] {
            if let seconds = Int(text) { return .seconds(max(0, min(seconds, 1_000_000))) }
            let format = DateFormatter()
            format.locale = Locale(identifier: "en_US_POSIX")
            format.timeZone = TimeZone(secondsFromGMT: 0)
            format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
            return format.date(from: text).map { .seconds(max(0, Int($0.timeIntervalSince(now).rounded(.up)))) }
        }
        let parameters = self["ratelimit"]?.split(whereSeparator: { $0 == ";" || $0 == "," }) ?? []
        return parameters.lazy.map { $0.trimmingCharacters(in: .whitespaces) }
            .first { $0.hasPrefix("t=") }
            .flatMap { Int($0.dropFirst(2)) }.map { .seconds(max(0, min($0, 1_000_000))) }
    }
}

/// An answer whose status is no success, with what the server says about it.
struct ErrorAnswer: Sendable {
    let head: HTTPHead
    /// The host that answered.
    let host: String
    /// The server's own words, shortened; nil where it has none for people.
    let message: String?

    /// - Parameter body: the beginning of the answer's body.
    init(head: HTTPHead, host: String, body: [UInt8], token: Token?) {
        self.head = head
        self.host = host
        // The hub says `error`, RFC 9457 `detail`.
        struct Body: Decodable { var error, detail: String? }
        let said = try? JSONDecoder().decode(Body.self, from: Data(body))
        let words = head["x-error-message"] ?? said?.error ?? said?.detail
        message = words.map { words in
            let plain = String(words.prefix(200).map { $0.isNewline || $0.isASCII && $0 < " " ? " " : $0 })
            return token?.removed(from: plain) ?? plain
        }
    }

    var status: Int { head.status }
    /// The hub's name for the error, as in `RevisionNotFound`.
    var code: String? { head["x-error-code"] }

    /// `HOST answered 503 (its words)`.
    var summary: String { "\(host) answered \(status)" + (message.map { " (\($0))" } ?? "") }

    /// Whether the same request may succeed later.
    var isPassing: Bool { [408, 425, 429].contains(status) || (500..<600).contains(status) && status != 501 }
}
