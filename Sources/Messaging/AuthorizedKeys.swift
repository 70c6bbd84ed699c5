import Foundation
import Synchronization

/// What a key's holder may do.
public enum PeerRole: String, Sendable, Hashable, CaseIterable {
    /// Computes jobs.
    case worker
    /// Submits, cancels and reads runs.
    case client
    /// Only reads.
    case viewer
}

/// The keys that the coordinator admits, as one text file.
///
/// A line is a role, a public key in Z85 and, optionally, a name: `worker rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7
/// node-3`. Empty lines and lines that begin with `#` are skipped. A key stands there once.
public struct AuthorizedKeys: Sendable, Equatable {
    /// One admitted key.
    public struct Entry: Sendable, Equatable {
        /// What its holder may do.
        public let role: PeerRole
        /// The key itself.
        public let key: CurvePublicKey
        /// What people call its holder.
        public let name: String?

        /// An entry; the name is one line of text.
        public init(role: PeerRole, key: CurvePublicKey, name: String? = nil) {
            self.role = role
            self.key = key
            self.name = name.map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }
        }

        /// The entry as a line of the file, without the line's end.
        public var line: String { "\(role.rawValue) \(key)" + (name.map { " \($0)" } ?? "") }
    }

    /// In the file's order.
    public let entries: [Entry]
    private let byKey: [String: Entry]

    /// The list of these entries; of two with one key the first counts.
    public init(_ entries: [Entry]) {
        self.entries = entries
        byKey = Dictionary(entries.map { ($0.key.z85, $0) }) { first, _ in first }
    }

    /// Reads a file of entries; refuses one that others than its owner may write.
    public init(contentsOf file: String) throws(MessagingError) {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw .authorizedKeys(file: file, line: 0, reason: "cannot be read: does it exist, and may you read it?")
        }
        var facts = stat()
        if stat(file, &facts) == 0, facts.st_mode & 0o022 != 0 {
            let mode = String(facts.st_mode & 0o777, radix: 8)
            throw .authorizedKeys(
                file: file, line: 0, reason: "others may admit keys here (mode \(mode)): chmod go-w \(file)")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw .authorizedKeys(file: file, line: 0, reason: "not UTF-8 text")
        }
        try self.init(text: text, file: file)
    }

    /// Reads entries from text; `file` is what errors name.
    public init(text: String, file: String) throws(MessagingError) {
        var entries: [Entry] = []
        var lines: [String: Int] = [:]
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let words = line.split(maxSplits: 2, whereSeparator: \.isWhitespace)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            func fail(_ reason: String) -> MessagingError {
                .authorizedKeys(file: file, line: index + 1, reason: reason)
            }
            guard let role = PeerRole(rawValue: String(first)) else {
                let known = PeerRole.allCases.map(\.rawValue).joined(separator: ", ")
                throw fail("unknown role '\(first.prefix(40))'; a line is ROLE KEY [NAME], roles: \(known)")
            }
            guard words.count > 1 else { throw fail("the key is missing; a line is ROLE KEY [NAME]") }
            let key: CurvePublicKey
            do { key = try CurvePublicKey(z85: String(words[1])) } catch { throw fail("\(error)") }
            if let earlier = lines.updateValue(index + 1, forKey: key.z85) {
                throw fail("the key stands in line \(earlier) already")
            }
            entries.append(Entry(role: role, key: key, name: words.count > 2 ? String(words[2]) : nil))
        }
        self.init(entries)
    }

    /// The entry of a key in Z85.
    public subscript(key: String) -> Entry? { byKey[key] }

    /// The whole as a file's text.
    public var text: String { entries.map { $0.line + "\n" }.joined() }
}

/// The admitted keys of a running coordinator: read by the handshakes and for every message, replaced at any time.
public final class AllowList: Sendable {
    private let keys: Mutex<AuthorizedKeys>
    private let replacements = Atomic<Int>(0)

    /// Starts with a list.
    public init(_ keys: AuthorizedKeys) { self.keys = Mutex(keys) }

    /// Replaces the list. A key that is gone is refused from the next message and the next handshake on.
    public func replace(with keys: AuthorizedKeys) {
        self.keys.withLock { $0 = keys }
        replacements.add(1, ordering: .sequentiallyConsistent)
    }

    /// Rises whenever the list is replaced.
    public var generation: Int { replacements.load(ordering: .sequentiallyConsistent) }

    /// All entries, now.
    public var entries: [AuthorizedKeys.Entry] { keys.withLock { $0.entries } }

    /// Reads the file again; on an error the list stays as it was.
    public func reload(from file: String) throws(MessagingError) {
        replace(with: try AuthorizedKeys(contentsOf: file))
    }

    /// The entry of a key in Z85, now.
    public subscript(key: String) -> AuthorizedKeys.Entry? { keys.withLock { $0[key] } }
}
