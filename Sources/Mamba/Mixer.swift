import ModelFiles
import Operations

/// The part of a block that mixes tokens along time: Mamba-1's or Mamba-2's.
enum Mixer<B: Backend>: Sendable {
    case mamba1(Mamba1Mixer<B>)
    case mamba2(Mamba2Mixer<B>)

    init(_ parameters: Parameters<B>, _ configuration: ModelConfiguration) throws {
        switch configuration.architecture {
        case .mamba1: self = .mamba1(try Mamba1Mixer(parameters, configuration))
        case .mamba2: self = .mamba2(try Mamba2Mixer(parameters, configuration))
        }
    }

    /// Mixes normalized rows; u [L, D] → [L, D], and the features that a reduction reads of them, when asked for.
    func callAsFunction(
        _ u: B.Matrix, state: inout LayerState<B>, segments: Segments, reading source: Reduction.Source?
    ) -> MixerOutput<B> {
        switch self {
        case .mamba1(let mixer): mixer(u, state: &state, segments: segments, reading: source)
        case .mamba2(let mixer): mixer(u, state: &state, segments: segments, reading: source)
        }
    }
}

/// What a mixer leaves of its rows.
struct MixerOutput<B: Backend> {
    /// The block's output, before it is added to the residual stream. [L, D]
    var hidden: B.Matrix
    /// The features that importance and similarity read, [L, E] or, of source `block`, [L, D]; nil unless asked for.
    var features: B.Matrix?

    init(hidden: B.Matrix, features: B.Matrix?) {
        self.hidden = hidden
        self.features = features
    }

    /// Keeps, of the three places that a reduction may read, the one that was asked for.
    ///
    /// - Parameters:
    ///   - y: the scan's output with the D skip, before the gate. [L, E]
    ///   - gated: the output projection's input. [L, E]
    ///   - hidden: the output projection's output. [L, D]
    init(y: B.Matrix, gated: B.Matrix, hidden: B.Matrix, reading source: Reduction.Source?) {
        self.hidden = hidden
        switch source {
        case .ssm: features = y
        case .gated: features = gated
        case .block: features = hidden
        case nil: features = nil
        }
    }
}
