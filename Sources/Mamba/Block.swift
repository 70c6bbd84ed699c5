import ModelFiles
import Operations

/// One layer: a norm and a mixer, whose output is added to the residual stream.
struct Block<B: Backend>: Sendable {
    private let backend: B
    private let epsilon: Float
    private let normWeight: B.Vector  // [D]
    private let mixer: Mixer<B>

    init(_ parameters: Parameters<B>, _ configuration: ModelConfiguration) throws {
        backend = parameters.backend
        epsilon = configuration.normEpsilon
        normWeight = try parameters.vector("norm.weight")
        mixer = try Mixer(parameters.below("mixer"), configuration)
    }

    /// The hidden branch of this layer; residual [L, D] → [L, D].
    func callAsFunction(
        _ residual: B.Matrix, state: inout LayerState<B>, segments: Segments, reading source: Reduction.Source?
    ) -> MixerOutput<B> {
        let u = backend.normalize(residual, weight: normWeight, epsilon: epsilon)  // [L, D]
        return mixer(u, state: &state, segments: segments, reading: source)
    }
}
