import ModelFiles
import Operations

/// A Mamba-1 or Mamba-2 language model on a device.
///
/// Sequences are packed row after row without padding: `segments` says which rows belong together. D is the model
/// dimension and V the number of the embedding's rows, padding rows included.
public struct LanguageModel<B: Backend>: Sendable {
    /// The model's shape.
    public let configuration: ModelConfiguration
    /// Where the model computes.
    public let backend: B
    let backbone: Backbone<B>
    private let normWeight: B.Vector  // [D]
    private let head: B.Weight  // [V, D]

    /// Puts a checkpoint's weights on a device. A head that the checkpoint does not store is the embedding.
    public init(_ checkpoint: Checkpoint, on backend: B) throws {
        let parameters = Parameters(checkpoint: checkpoint, backend: backend)
        configuration = checkpoint.configuration
        self.backend = backend
        backbone = try Backbone(parameters.below("backbone"), configuration)
        normWeight = try parameters.vector("backbone.norm_f.weight")
        let hasHead = checkpoint.tensorNames.contains("lm_head.weight")
        head = hasHead ? try parameters.weight("lm_head.weight") : backbone.embedding
        backend.finishLoading()
    }

    /// The head's output for some rows of a forward pass, on the host. → [rows.count, V]
    public func logits(_ hidden: Hidden<B>, rows: [Int]) throws -> [Float] {
        try backend.values(of: logits(of: normalized(hidden, rows: rows)))
    }

    /// The head's output for every row of a forward pass, where it was computed. → [rows, V]
    public func heldLogits(_ hidden: Hidden<B>) -> B.Matrix {
        logits(of: normalized(hidden.residual))
    }

    /// Rates `targets[i]` as the token that follows row `rows[i]` of a forward pass; a row that rates several targets
    /// goes through the head once.
    ///
    /// - Throws: ``TokenError`` for a target outside the vocabulary.
    public func score(_ hidden: Hidden<B>, rows: [Int], targets: [Int32]) throws -> [TokenScore] {
        precondition(rows.count == targets.count, "\(targets.count) targets for \(rows.count) rows")
        try TokenError.check(targets, vocabularySize: configuration.vocabularySize)
        let distinct = Set(rows).sorted()
        let places = Dictionary(uniqueKeysWithValues: distinct.enumerated().map { ($0.element, $0.offset) })
        return try backend.score(
            normalized(hidden, rows: distinct), head: head, rows: rows.compactMap { places[$0] }, targets: targets)
    }

    /// The token that a greedy decoder takes after each of some rows of a forward pass.
    public func choose(_ hidden: Hidden<B>, rows: [Int]) throws -> [TokenChoice] {
        try backend.choose(normalized(hidden, rows: rows), head: head)
    }

    private func normalized(_ hidden: Hidden<B>, rows: [Int]) -> B.Matrix {
        let all = 0..<hidden.segments.rowCount
        precondition(rows.allSatisfy(all.contains), "rows \(rows) of \(all.count)")
        return normalized(backend.gather(rows, from: hidden.residual))  // [rows.count, D]
    }

    private func normalized(_ residual: B.Matrix) -> B.Matrix {
        backend.normalize(residual, weight: normWeight, epsilon: configuration.normEpsilon)
    }

    private func logits(of normalized: B.Matrix) -> B.Matrix {
        backend.project(normalized, columns: 0..<normalized.columns, by: head)
    }
}
