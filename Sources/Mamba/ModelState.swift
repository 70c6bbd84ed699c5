import ModelFiles
import Operations

/// What a model remembers of the tokens that it has read, for several sequences at once.
///
/// Reading a prefix and then its continuation from the prefix's state gives what reading the whole gives.
public struct ModelState<B: Backend> {
    /// The state of each layer, first to last.
    public var layers: [LayerState<B>]
    private let backend: B

    init(_ configuration: ModelConfiguration, sequences: Int, backend: B) {
        let convolved = configuration.convolvedChannels * configuration.convolutionWidth
        let scanned = configuration.innerDimension * configuration.stateDimension
        layers = (0..<configuration.layerCount).map { _ in
            LayerState(
                convolution: backend.zeros(rows: sequences, columns: convolved),
                scan: backend.zeros(rows: sequences, columns: scanned))
        }
        self.backend = backend
    }

    /// The number of sequences remembered.
    public var sequences: Int { layers.first?.scan.rows ?? 0 }

    /// A state whose sequence i continues this state's sequence `sequences[i]`; a sequence may be continued repeatedly.
    public func forked(_ sequences: [Int]) -> ModelState {
        var fork = self
        fork.layers = layers.map { layer in
            LayerState(
                convolution: backend.gather(sequences, from: layer.convolution),
                scan: backend.gather(sequences, from: layer.scan))
        }
        return fork
    }
}

/// What one layer remembers of S sequences.
public struct LayerState<B: Backend> {
    /// The convolution's last K inputs, by channel, oldest first. [S, C·K]; C is E, in Mamba-2 E+2GN.
    public var convolution: B.Matrix
    /// The scan's h. [S, E·N], in Mamba-2 by head: [S, H·P·N].
    public var scan: B.Matrix
}

extension ModelConfiguration {
    /// The channels that the convolution sees: x and, in Mamba-2, B and C.
    var convolvedChannels: Int {
        switch architecture {
        case .mamba1: innerDimension
        case .mamba2: innerDimension + 2 * groupCount * stateDimension
        }
    }
}
