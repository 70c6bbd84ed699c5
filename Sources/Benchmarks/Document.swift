import Hashing

/// One question to a model: how likely is this continuation of this context?
public struct Request: Sendable, Equatable {
    /// The text that the model has read; may be empty.
    public let context: String
    /// The text that is scored, with the space that separates it from the context.
    public let continuation: String

    /// A request in the strings of the benchmark's definition.
    public init(context: String, continuation: String) {
        self.context = context
        self.continuation = continuation
    }

    /// The continuation without the one space that separates it from the context.
    public var choice: Substring {
        let scalars = continuation.unicodeScalars
        return scalars.first == " " ? Substring(scalars.dropFirst()) : continuation[...]
    }

    /// The length of the choice in Unicode code points, which acc_norm divides by.
    public var choiceCharacters: Int { choice.unicodeScalars.count }

    /// The length of the choice in bytes of UTF-8.
    public var choiceBytes: Int { choice.utf8.count }
}

/// One row of a benchmark, ready to be asked.
public struct Document: Sendable, Equatable {
    /// The 0-based row in the data file.
    public let id: Int
    /// The row as lm-evaluation-harness's `doc`: one line of JSON, labels merged in.
    public let source: String
    /// SHA-256 of `doc` as Python's `json.dumps(doc, indent=2, ensure_ascii=False)` writes it; hex.
    public let docHash: String
    /// The index of the right request, or nil when there is only one.
    public let gold: Int?
    /// What the model is asked, in the order of the choices.
    public let requests: [Request]
    /// The right answer as lm-evaluation-harness prints it: an index, or the text that is scored.
    public let target: String

    /// A document from its parts.
    public init(id: Int, source: String, docHash: String, gold: Int?, requests: [Request], target: String) {
        self.id = id
        self.source = source
        self.docHash = docHash
        self.gold = gold
        self.requests = requests
        self.target = target
    }

    /// SHA-256 of the first request's context; hex.
    public var promptHash: String { sha256(requests.first?.context ?? "") }

    /// SHA-256 of `target`; hex.
    public var targetHash: String { sha256(target) }
}
