import Foundation

/// How a Mamba model's weights are drawn before training, after the state-spaces code: with these, activations keep a
/// sane size through any number of layers.
enum Initialization {
    case constant(Float)
    /// Uniform in ±bound: linear layers and convolutions, bound = 1/√(inputs of an output).
    case uniform(bound: Float)
    case normal(deviation: Float)
    /// log(1 … N) along the rows of [E, N]: Mamba-1's A_log.
    case logarithmOfState(count: Int)
    /// log of a uniform in [1, 16): Mamba-2's A_log.
    case logarithmOfUniform
    /// The inverse softplus of a step that is log-uniform in [0.001, 0.1): the bias of Δ.
    case timeStepBias

    /// The initialisation of a tensor by its canonical name.
    init(of tensor: ModelConfiguration.TensorShape, in configuration: ModelConfiguration) {
        let fanIn = Float(max(1, tensor.shape.dropFirst().reduce(1, *)))
        switch tensor.name.split(separator: ".").suffix(2).joined(separator: ".") {
        case "embedding.weight": self = .normal(deviation: 0.02)
        case "norm.weight", "norm_f.weight", "mixer.D": self = .constant(1)
        case "mixer.A_log":
            self =
                configuration.architecture == .mamba1
                ? .logarithmOfState(count: configuration.stateDimension) : .logarithmOfUniform
        case "mixer.dt_bias", "dt_proj.bias": self = .timeStepBias
        case "conv1d.bias": self = .uniform(bound: 1 / Float(configuration.convolutionWidth).squareRoot())
        case "out_proj.weight": self = .uniform(bound: 1 / (fanIn * Float(configuration.layerCount)).squareRoot())
        default: self = .uniform(bound: 1 / fanIn.squareRoot())
        }
    }

    /// Fills `values`, which begin at index `start` of the tensor.
    func fill(_ values: UnsafeMutableBufferPointer<Float>, from start: Int, with source: inout RandomSource) {
        switch self {
        case .constant(let value):
            values.update(repeating: value)
        case .uniform(let bound):
            for index in values.indices { values[index] = (2 * source.unit() - 1) * bound }
        case .normal(let deviation):
            for index in values.indices { values[index] = source.normal() * deviation }
        case .logarithmOfState(let count):
            for index in values.indices { values[index] = Float(log(Double((start + index) % count + 1))) }
        case .logarithmOfUniform:
            for index in values.indices { values[index] = Float(log(1 + 15 * Double(source.unit()))) }
        case .timeStepBias:
            let (lowest, highest) = (log(0.001), log(0.1))
            for index in values.indices {
                let step = exp(lowest + (highest - lowest) * Double(source.unit()))
                values[index] = Float(step + log(-expm1(-step)))
            }
        }
    }
}
