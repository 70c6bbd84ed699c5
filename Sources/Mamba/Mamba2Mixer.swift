import ModelFiles
import Operations

/// Mamba-2's mixer: one projection gives z, x, B, C and Δ; A is a scalar a head; the gate comes before a norm.
///
/// L rows (tokens of all segments) · D model dimension · E inner dimension = H heads · P head dimension · N state
/// dimension · G groups that share B and C · K convolution width · x what is scanned · z its gate · Δ time step · A
/// decay · B input and C output of the state h · y = C·h + (skip weight)·x.
struct Mamba2Mixer<B: Backend>: Sendable {
    private let backend: B
    private let shape: ModelConfiguration
    private let inProjection: B.Weight  // [2E+2GN+H, D]: z, x, B, C, Δ
    private let convolutionWeight: B.Vector  // [E+2GN, K]
    private let convolutionBias: B.Vector  // [E+2GN]
    private let timeStepBias: B.Vector  // [H]
    private let a: B.Vector  // [H]
    private let d: B.Vector  // [H]
    private let normWeight: B.Vector  // [E]
    private let outProjection: B.Weight  // [D, E]

    init(_ parameters: Parameters<B>, _ configuration: ModelConfiguration) throws {
        backend = parameters.backend
        shape = configuration
        inProjection = try parameters.weight("in_proj.weight")
        convolutionWeight = try parameters.vector("conv1d.weight")
        convolutionBias = try parameters.vector("conv1d.bias")
        timeStepBias = try parameters.vector("dt_bias")
        a = try parameters.negativeExponential("A_log")
        d = try parameters.vector("D")
        normWeight = try parameters.vector("norm.weight")
        outProjection = try parameters.weight("out_proj.weight")
    }

    func callAsFunction(
        _ u: B.Matrix, state: inout LayerState<B>, segments: Segments, reading source: Reduction.Source?
    ) -> MixerOutput<B> {
        let (D, E, H) = (shape.modelDimension, shape.innerDimension, shape.headCount)
        let convolved = E..<2 * E + 2 * shape.groupCount * shape.stateDimension
        let zxbcdt = backend.project(u, columns: 0..<D, by: inProjection)  // [L, 2E+2GN+H]
        let xbc = backend.convolve(
            zxbcdt, columns: convolved, weight: convolutionWeight, bias: convolutionBias,
            width: shape.convolutionWidth, state: &state.convolution, segments: segments)  // [L, E+2GN]
        let y = backend.headScan(
            xbc: xbc, projected: zxbcdt, dtColumns: convolved.upperBound..<convolved.upperBound + H,
            dtBias: timeStepBias, dtLimit: shape.timeStepLimit, a: a, d: d, shape: shape.headScan,
            state: &state.scan, segments: segments)  // [L, E]
        let gated = backend.gatedNormalize(
            y, by: zxbcdt, columns: 0..<E, weight: normWeight, epsilon: shape.normEpsilon,
            groupSize: shape.gatedNormGroupSize)  // [L, E]
        let hidden = backend.project(gated, columns: 0..<E, by: outProjection)  // [L, D]
        return MixerOutput(y: y, gated: gated, hidden: hidden, reading: source)
    }
}
