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
        _ tokens: [Int32], segments: Segments, state: inout ModelState<B>, reducer: consuming Reducer
    ) throws -> Hidden<B> {
        var segments = segments
        var residual = backend.embed(tokens, table: embedding)  // [L, D]
        for (layer, block) in blocks.enumerated() {
            let source = reducer.source(afterLayer: layer)
            var output = block(residual, state: &state.layers[layer], segments: segments, reading: source)
            if let features = output.features {
                let rows = try reducer.decide(afterLayer: layer, features: features, segments: segments, on: backend)
                if rows.dropsAny {
                    output.hidden = backend.reduce(output.hidden, by: rows.hidden)
                    residual = backend.reduce(residual, by: rows.residual)
                    segments = rows.segments
                }
            }
            backend.add(output.hidden, into: &residual)
        }
        return Hidden(residual: residual, segments: segments, positions: reducer.positions, steps: reducer.steps)
    }
}
