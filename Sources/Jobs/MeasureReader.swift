import Benchmarks
import Yams

extension JobFile {
    /// The bounds of a measure's numbers: what no machine holds, or nobody waits for.
    static let measureLimits = (promptTokens: 2...1_048_576, batch: 1...65_536, newTokens: 1...65_536, repeats: 1...100)
}

extension Measure {
    init(_ node: Node, file: String) throws {
        let section = try Section(node, of: "a measure", in: file, keys: JobKeys.measure)
        let kind: Kind = try section.name("kind", of: "kind of measure")
        let limits = JobFile.measureLimits
        let promptTokens = try section.integer("prompt_tokens", in: limits.promptTokens)
        let batch = try section.integer("batch", in: limits.batch)
        switch kind {
        case .memory:
            for key in ["new_tokens", "repeats"] where section.has(key) {
                throw section.error("'\(key)' is of throughput: a pass is measured for its memory once", at: key)
            }
            let logits: Logits? = try section.optional("logits") { try section.name($0, of: "choice of logits") }
            self = .memory(promptTokens: promptTokens, batch: batch, logits: logits ?? .all)
        case .throughput:
            if section.has("logits") {
                throw section.error("'logits' is of memory: a generation needs the last row's alone", at: "logits")
            }
            self = .throughput(
                promptTokens: promptTokens, batch: batch,
                newTokens: try section.integer("new_tokens", in: limits.newTokens),
                repeats: try section.optional("repeats") { try section.integer($0, in: limits.repeats) }
                    ?? Self.standardRepeats)
        }
    }
}

extension Section {
    /// A whole number of a range.
    fileprivate func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int {
        guard let value = try node(key).int, range.contains(value) else {
            let bounds = "\(range.lowerBound) to \(range.upperBound)"
            throw error("'\(key)' of \(what) is a whole number from \(bounds)", at: key)
        }
        return value
    }
}
