import ModelFiles
import Operations

/// Mamba-1's mixer: B, C and Δ of every token are read from its convolved input, Δ through a low-rank projection.
///
/// L rows (tokens of all segments) · D model dimension · E inner dimension · N state dimension · K convolution width ·
/// R rank of Δ · x what is scanned · z its gate · Δ time step · A decay · B input and C output of the state h ·
/// y = C·h + (skip weight)·x.
struct Mamba1Mixer<B: Backend>: Sendable {
    private let backend: B
    private let shape: ModelConfiguration
    private let inProjection: B.Weight  // [2E, D]: x, z
    private let convolutionWeight: B.Vector  // [E, K]
    private let convolutionBias: B.Vector  // [E]
    private let xProjection: B.Weight  // [R+2N, E]: Δ before its projection, B, C
    private let timeStepProjection: B.Weight  // [E, R]
    private let timeStepBias: B.Vector  // [E]
    private let a: B.Vector  // [E, N]
    private let d: B.Vector  // [E]
    private let outProjection: B.Weight  // [D, E]

    init(_ parameters: Parameters<B>, _ configuration: ModelConfiguration) throws {
        backend = parameters.backend
        shape = configuration
        inProjection = try parameters.weight("in_proj.weight")
        convolutionWeight = try parameters.vector("conv1d.weight")
        convolutionBias = try parameters.vector("conv1d.bias")
        xProjection = try parameters.weight("x_proj.weight")
        timeStepProjection = try parameters.weight("dt_proj.weight")
        timeStepBias = try parameters.vector("dt_proj.bias")
        a = try parameters.negativeExponential("A_log")
        d = try parameters.vector("D")
        outProjection = try parameters.weight("out_proj.weight")
    }

    func callAsFunction(
        _ u: B.Matrix, state: inout LayerState<B>, segments: Segments, reading source: Reduction.Source?
    ) -> MixerOutput<B> {
        let (D, E, N, R) = (shape.modelDimension, shape.innerDimension, shape.stateDimension, shape.timeStepRank)
        let xz = backend.project(u, columns: 0..<D, by: inProjection)  // [L, 2E]
        let x = backend.convolve(
            xz, columns: 0..<E, weight: convolutionWeight, bias: convolutionBias, width: shape.convolutionWidth,
            state: &state.convolution, segments: segments)  // [L, E]
        let dtBC = backend.project(x, columns: 0..<E, by: xProjection)  // [L, R+2N]
        let dt = backend.project(dtBC, columns: 0..<R, by: timeStepProjection)  // [L, E]
        let y = backend.selectiveScan(
            x: x, dt: dt, dtBias: timeStepBias, a: a, bc: dtBC, bColumns: R..<R + N, cColumns: R + N..<R + 2 * N,
            d: d, state: &state.scan, segments: segments)  // [L, E]
        let gated = backend.gate(y, by: xz, columns: E..<2 * E)  // [L, E]
        let hidden = backend.project(gated, columns: 0..<E, by: outProjection)  // [L, D]
        return MixerOutput(y: y, gated: gated, hidden: hidden, reading: source)
    }
}
