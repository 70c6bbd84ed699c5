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
    private let backbone: Backbone<B>
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
    }

    /// The state before the first token of each sequence.
    public func initialState(sequences: Int) -> ModelState<B> {
        ModelState(configuration, sequences: sequences, backend: backend)
    }

    /// Reads the tokens of all segments, segment i onwards from sequence i of `state`, which is brought up to date.
    ///
    /// Under a reduction each segment loses rows of its own after every scheduled layer; that layer's state is of all
    /// the rows that entered it.
    ///
    /// - Throws: ``TokenError`` for an id outside the vocabulary, ``ReductionError`` where the reduction does not fit
    ///   the model. The state is then unchanged.
    public func forward(
        _ tokens: [Int32], segments: Segments, state: inout ModelState<B>, reduction: Reduction = .none
    ) throws -> Hidden<B> {
        precondition(segments.rowCount == tokens.count, "\(tokens.count) tokens in \(segments.rowCount) rows")
        precondition(segments.count == state.sequences, "\(segments.count) segments, \(state.sequences) states")
        try TokenError.check(tokens, vocabularySize: configuration.vocabularySize)
        let reducer = try Reducer(reduction, layerCount: configuration.layerCount, tokens: tokens, segments: segments)
        return try backbone(tokens, segments: segments, state: &state, reducer: reducer)
    }

    /// The head's output for some rows of a forward pass, on the host. → [rows.count, V]
    public func logits(_ hidden: Hidden<B>, rows: [Int]) throws -> [Float] {
        let normalized = normalized(hidden, rows: rows)
        return try backend.values(of: backend.project(normalized, columns: 0..<normalized.columns, by: head))
    }

    /// Rates `targets[i]` as the token that follows row `rows[i]` of a forward pass.
    ///
    /// - Throws: ``TokenError`` for a target outside the vocabulary.
    public func score(_ hidden: Hidden<B>, rows: [Int], targets: [Int32]) throws -> [TokenScore] {
        precondition(rows.count == targets.count, "\(targets.count) targets for \(rows.count) rows")
        try TokenError.check(targets, vocabularySize: configuration.vocabularySize)
        return try backend.score(normalized(hidden, rows: rows), head: head, targets: targets)
    }

    private func normalized(_ hidden: Hidden<B>, rows: [Int]) -> B.Matrix {
        let all = 0..<hidden.segments.rowCount
        precondition(rows.allSatisfy(all.contains), "rows \(rows) of \(all.count)")
        let picked = backend.gather(rows, from: hidden.residual)  // [rows.count, D]
        return backend.normalize(picked, weight: normWeight, epsilon: configuration.normEpsilon)
    }
}

/// A token id that the model has no embedding for.
public struct TokenError: Error, Equatable, CustomStringConvertible {
    /// The id.
    public let token: Int32
    /// Its place among the tokens that were passed, from 0.
    public let index: Int
    /// The embedding's rows, padding rows included.
    public let vocabularySize: Int

    public var description: String {
        "token \(token) (number \(index) of the batch, from 0) is outside the model's vocabulary 0..<\(vocabularySize); "
            + "use the tokenizer that the model was trained with"
    }

    static func check(_ tokens: [Int32], vocabularySize: Int) throws {
        guard let index = tokens.firstIndex(where: { $0 < 0 || $0 >= vocabularySize }) else { return }
        throw TokenError(token: tokens[index], index: index, vocabularySize: vocabularySize)
    }
}
