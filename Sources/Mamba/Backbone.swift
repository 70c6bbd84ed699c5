import ModelFiles
import Operations

/// Embedding and layers: token ids in, the residual stream out.
struct Backbone<B: Backend>: Sendable {
    private let backend: B
    let embedding: B.Weight  // [V, D]
    private let blocks: [Block<B>]

    init(_ parameters: Parameters<B>, _ configuration: ModelConfiguration) throws {
        backend = parameters.backend
        embedding = try parameters.weight("embedding.weight")
        blocks = try (0..<configuration.layerCount).map { layer in
            try Block(parameters.below("layers.\(layer)"), configuration)
        }
    }

    /// Runs the tokens of all segments through all layers; after a scheduled layer, the hidden branch and the residual
    /// stream lose the same rows before they are added.
    func callAsFunction(
        _ tokens: [Int32], segments: Segments, recurrence: inout Recurrence<B>, reducer: consuming Reducer
    ) throws -> Hidden<B> {
        let rows = enter(
            tokens, segments: segments, recurrence: &recurrence, through: 0,
            reading: reducer.source(afterLayer: 0))
        return try leave(rows, segments: segments, recurrence: &recurrence, reducer: reducer)
    }

    /// The first half: the tokens up to and including the mixer of a layer before which nothing is reduced.
    func enter(
        _ tokens: [Int32], segments: Segments, recurrence: inout Recurrence<B>, through last: Int,
        reading source: Reduction.Source?
    ) -> Unreduced<B> {
        var residual = backend.embed(tokens, table: embedding)  // [L, D]
        for layer in 0..<last {
            let output = recurrence.through(layer) { state in
                blocks[layer](residual, state: &state, segments: segments, reading: nil)
            }
            backend.add(output.hidden, into: &residual)
        }
        let output = recurrence.through(last) { state in
            blocks[last](residual, state: &state, segments: segments, reading: source)
        }
        return Unreduced(layer: last, residual: residual, output: output)
    }

    /// The second half: from that mixer's output to the end.
    func leave(
        _ rows: consuming Unreduced<B>, segments: Segments, recurrence: inout Recurrence<B>,
        reducer: consuming Reducer
    ) throws -> Hidden<B> {
        var segments = segments
        var (layer, residual, output) = (rows.layer, rows.residual, rows.output)
        _ = consume rows
        while true {
            if let features = output.features {
                output.features = nil
                segments = try reducer.reduce(
                    &output.hidden, &residual, afterLayer: layer, features: features, segments: segments, on: backend)
            }
            backend.add(output.hidden, into: &residual)
            layer += 1
            guard layer < blocks.count else { break }
            output = recurrence.through(layer) { state in
                blocks[layer](
                    residual, state: &state, segments: segments, reading: reducer.source(afterLayer: layer))
            }
        }
        try reducer.finish()
        return Hidden(residual: residual, segments: segments, positions: reducer.positions, steps: reducer.steps)
    }
}
