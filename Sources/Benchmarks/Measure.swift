import Foundation

/// What is measured of a model under a reduction, where a job measures costs rather than scores documents: memory or
/// time, on sequences of random tokens that are all of one length.
public struct Measure: Sendable, Hashable, Codable {
    /// What is measured.
    public enum Kind: String, Sendable, CaseIterable, Codable {
        /// The most memory that one pass over all sequences at once takes, weights and activations apart.
        case memory
        /// The time of a generation: reading the prompts under the reduction, then token after token.
        case throughput
    }

    /// Which logits a pass that is measured for its memory ends with.
    public enum Logits: String, Sendable, CaseIterable, Codable {
        /// Those of every row that is left, all held at once: what the paper's peaks consist of.
        case all
        /// Those of each sequence's last row, rated and dropped.
        case last
    }

    public let kind: Kind
    /// Tokens of each sequence, before it is reduced.
    public let promptTokens: Int
    /// Sequences.
    public let batch: Int
    /// Tokens that each sequence is given; nil of memory.
    public let newTokens: Int?
    /// Timed generations, each beside an unreduced one; nil of memory.
    public let repeats: Int?
    /// Nil of throughput.
    public let logits: Logits?

    enum CodingKeys: String, CodingKey {
        case kind, batch, repeats, logits
        case promptTokens = "prompt_tokens"
        case newTokens = "new_tokens"
    }

    /// The peak of a pass over `batch` sequences.
    public static func memory(promptTokens: Int, batch: Int, logits: Logits = .all) -> Measure {
        Measure(
            kind: .memory, promptTokens: promptTokens, batch: batch, newTokens: nil, repeats: nil, logits: logits)
    }

    /// The time of giving each of `batch` sequences some new tokens.
    public static func throughput(
        promptTokens: Int, batch: Int, newTokens: Int, repeats: Int = standardRepeats
    ) -> Measure {
        Measure(
            kind: .throughput, promptTokens: promptTokens, batch: batch, newTokens: newTokens, repeats: repeats,
            logits: nil)
    }

    /// How often a generation is timed where nothing is said of it.
    public static let standardRepeats = 3

    /// Unlike that of any other measure: `memory-96x2048`, `memory-96x2048-last`, `throughput-16x2048+100`; generations
    /// that are not timed three times say how often, as in `throughput-16x2048+100-r5`.
    public var name: String {
        let shape = "\(kind.rawValue)-\(batch)x\(promptTokens)"
        switch kind {
        case .memory: return shape + (logits == .last ? "-last" : "")
        case .throughput:
            let often = repeats == Measure.standardRepeats ? "" : "-r\(repeats ?? 0)"
            return "\(shape)+\(newTokens ?? 0)\(often)"
        }
    }

    /// Tokens that go through the model for one reduction, about: what a scheduler goes by.
    public var tokens: Int {
        batch * (promptTokens + (newTokens ?? 0)) * (repeats.map { 2 * $0 } ?? 1)
    }

    /// JSON with sorted keys: what a run keeps, and what a job file may say.
    public var canonicalJSON: String {
        var fields = ["\"batch\":\(batch)", "\"kind\":\"\(kind.rawValue)\""]
        if let logits { fields.append("\"logits\":\"\(logits.rawValue)\"") }
        if let newTokens { fields.append("\"new_tokens\":\(newTokens)") }
        fields.append("\"prompt_tokens\":\(promptTokens)")
        if let repeats { fields.append("\"repeats\":\(repeats)") }
        return "{\(fields.joined(separator: ","))}"
    }

    /// The measure of a canonical text; nil for another text.
    public init?(canonicalJSON text: String) {
        guard let measure = try? JSONDecoder().decode(Measure.self, from: Data(text.utf8)) else { return nil }
        self = measure
    }

    private init(
        kind: Kind, promptTokens: Int, batch: Int, newTokens: Int?, repeats: Int?, logits: Logits?
    ) {
        self.kind = kind
        self.promptTokens = promptTokens
        self.batch = batch
        self.newTokens = newTokens
        self.repeats = repeats
        self.logits = logits
    }
}
