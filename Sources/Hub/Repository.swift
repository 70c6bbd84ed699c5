import ModelFiles

/// A repository on the Hugging Face hub, as `OWNER/NAME`.
public struct Repository: Sendable, Hashable, CustomStringConvertible {
    /// The user or organisation.
    public let owner: String
    /// The repository's name below its owner.
    public let name: String

    /// Reads `OWNER/NAME`; nil where it is not one that the hub allows.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts.allSatisfy(Self.isPart) else { return nil }
        (owner, name) = (parts[0], parts[1])
    }

    /// The repository of a published model's id, as in `mamba2-1.3b`; nil for an id that nobody published.
    public init?(publishedID id: String) {
        guard let shape = PublishedShape(rawValue: id), shape != .tiny, shape != .tiny2 else { return nil }
        (owner, name) = ("state-spaces", id)
    }

    /// The ids of the published models, smallest first in each family.
    public static var publishedIDs: [String] {
        PublishedShape.allCases.map(\.rawValue).filter { Repository(publishedID: $0) != nil }
    }

    /// The repository whose tokenizer.json all published models share.
    public static let tokenizer = Repository(owner: "EleutherAI", name: "gpt-neox-20b")

    private init(owner: String, name: String) { (self.owner, self.name) = (owner, name) }

    /// `OWNER/NAME`.
    public var description: String { "\(owner)/\(name)" }

    /// Letters, digits, `-`, `_` and `.`, at most 96, no `-` or `.` at either end, neither of them twice in a row.
    private static func isPart(_ part: String) -> Bool {
        let isPlain = part.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
        }
        let edges = [part.first, part.last]
        return isPlain && (1...96).contains(part.utf8.count) && !edges.contains("-") && !edges.contains(".")
            && !part.contains("--") && !part.contains("..")
    }
}
