import ModelFiles
import Operations

extension LanguageModel {
    /// The state before the first token of each sequence.
    public func initialState(sequences: Int) -> ModelState<B> {
        ModelState(
            (0..<configuration.layerCount).map { _ in
                LayerState(configuration, sequences: sequences, on: backend)
            }, from: 0, on: backend)
    }

    /// One state of several sequences, in the order given.
    public func state(of sequences: [SequenceState<B>]) -> ModelState<B> {
        let layers = (0..<configuration.layerCount).map { layer in
            LayerState(sequences.map { $0.place(ofLayer: layer) }, configuration, on: backend)
        }
        return ModelState(layers, from: 0, on: backend)
    }

    /// Reads the tokens of all segments, segment i onwards from sequence i of `state`, which is brought up to date: in
    /// place, where nothing else holds it and there is no reduction.
    ///
    /// Under a reduction each segment loses rows of its own after every scheduled layer; that layer's state is of all
    /// the rows that entered it.
    ///
    /// - Parameter stretch: how many rows go through all layers before the next rows do, so that a long sequence takes
    ///   no more memory than its residual stream; under a reduction all do.
    /// - Throws: ``TokenError`` for an id outside the vocabulary, ``ReductionError`` where the reduction does not fit
    ///   the model. The state is then unchanged.
    public func forward(
        _ tokens: [Int32], segments: Segments, state: inout ModelState<B>, reduction: Reduction = .none,
        stretch: Int = 2048
    ) throws -> Hidden<B> {
        precondition(segments.count == state.sequences, "\(segments.count) segments, \(state.sequences) states")
        try check(tokens, segments)
        if reduction.method == .none, tokens.count > stretch, !segments.isForking {
            return try read(tokens, segments: segments, state: &state, stretch: stretch)
        }
        let reducer = try Reducer(reduction, layerCount: configuration.layerCount, tokens: tokens, segments: segments)
        var recurrence = recurrence(.packed(state), segments, keeping: Array(0..<segments.count))
        // Without a reduction's decisions nothing can fail any more, and nobody needs the states as they were.
        if reduction.method == .none { state = ModelState([], from: 0, on: backend) }
        let hidden = try backbone(tokens, segments: segments, recurrence: &recurrence, reducer: reducer)
        state = recurrence.end
        return hidden
    }

    /// Reads the tokens of all segments unreduced, segment i onwards from `starts[i]`.
    ///
    /// - Parameters:
    ///   - segments: may have parents where the backend forks within passes.
    ///   - starts: nil where nothing has been read yet, and for a segment with a parent.
    ///   - kept: the segments, ascending, whose last state is wanted.
    /// - Returns: the residual stream, and the states of `kept` in that order.
    /// - Throws: ``TokenError`` for an id outside the vocabulary.
    public func forward(
        _ tokens: [Int32], segments: Segments, after starts: [SequenceState<B>?]?, keeping kept: [Int]
    ) throws -> (hidden: Hidden<B>, states: ModelState<B>) {
        try check(tokens, segments)
        let reducer = try Reducer(.none, layerCount: configuration.layerCount, tokens: tokens, segments: segments)
        var recurrence = recurrence(starts.map { .after($0) } ?? .nothing, segments, keeping: kept)
        let hidden = try backbone(tokens, segments: segments, recurrence: &recurrence, reducer: reducer)
        return (hidden, recurrence.end)
    }

    /// Reads the tokens of all segments as far as the mixer of the first layer that `reduction` reduces after,
    /// segment i onwards from `starts[i]`: what sequences share before they are reduced, each in its own way.
    ///
    /// - Returns: nil for a reduction that never reduces; else the rows for `resume`, and the states of `kept`, of the
    ///   layers that were run.
    /// - Throws: ``TokenError`` for an id outside the vocabulary, ``ReductionError`` where the reduction does not fit
    ///   the model.
    public func enter(
        _ tokens: [Int32], segments: Segments, after starts: [SequenceState<B>?]?, reduction: Reduction,
        keeping kept: [Int]
    ) throws -> (rows: Unreduced<B>, states: ModelState<B>)? {
        try check(tokens, segments)
        guard let layer = try reduction.resolvedLayers(layerCount: configuration.layerCount).first else { return nil }
        var recurrence = recurrence(starts.map { .after($0) } ?? .nothing, segments, keeping: kept)
        let rows = backbone.enter(
            tokens, segments: segments, recurrence: &recurrence, through: layer, reading: reduction.source)
        return (rows, recurrence.end)
    }

    /// Reduces whole sequences that have come as far as the first scheduled layer's mixer, and runs the rest.
    ///
    /// - Parameters:
    ///   - tokens: the sequences' tokens from the first.
    ///   - spared: how many rows at the end of each segment take no part in the reduction.
    ///   - kept: the segments, ascending, whose last state is wanted.
    /// - Returns: the residual stream, and the states of `kept`, of the layers that were run.
    /// - Throws: ``ReductionError`` where the reduction does not fit the model.
    public func resume(
        _ rows: consuming Unreduced<B>, tokens: [Int32], segments: Segments, sparing spared: [Int],
        reduction: Reduction, keeping kept: [Int]
    ) throws -> (hidden: Hidden<B>, states: ModelState<B>) {
        try check(tokens, segments)
        let reducer = try Reducer(
            reduction, layerCount: configuration.layerCount, tokens: tokens, segments: segments, sparing: spared)
        var recurrence = recurrence(.nothing, segments, keeping: kept)
        let hidden = try backbone.leave(rows, segments: segments, recurrence: &recurrence, reducer: reducer)
        return (hidden, recurrence.end)
    }

    /// Reads tokens that are checked already, unreduced, in stretches that cut segments where they end.
    private func read(
        _ tokens: [Int32], segments: Segments, state: inout ModelState<B>, stretch: Int
    ) throws -> Hidden<B> {
        var pieces: [MatrixPiece<B.Matrix>] = []
        for first in stride(from: 0, to: tokens.count, by: stretch) {
            let rows = first..<min(tokens.count, first + stretch)
            let part = Segments(lengths: (0..<segments.count).map { segments[$0].clamped(to: rows).count })
            let hidden = try forward(Array(tokens[rows]), segments: part, state: &state, stretch: stretch)
            pieces.append(MatrixPiece(hidden.residual, rows: 0..<rows.count))
        }
        return Hidden(
            residual: backend.stack(pieces), segments: segments, positions: segments.lengths.map { Array(0..<$0) },
            steps: [])
    }

    private func recurrence(
        _ start: Recurrence<B>.Start, _ segments: Segments, keeping kept: [Int]
    ) -> Recurrence<B> {
        Recurrence(start, segments: segments.count, keeping: kept, configuration, on: backend)
    }

    private func check(_ tokens: [Int32], _ segments: Segments) throws {
        precondition(segments.rowCount == tokens.count, "\(tokens.count) tokens in \(segments.rowCount) rows")
        precondition(!segments.isForking || backend.forksWithinPasses, "\(backend.engine) cannot fork within a pass")
        try TokenError.check(tokens, vocabularySize: configuration.vocabularySize)
    }
}
