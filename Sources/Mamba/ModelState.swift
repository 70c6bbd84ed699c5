import ModelFiles
import Operations

/// What a model remembers of the tokens that it has read, for several sequences at once.
///
/// Reading a prefix and then its continuation from the prefix's state gives what reading the whole gives.
public struct ModelState<B: Backend> {
    /// The state of each layer, first to last.
    public var layers: [LayerState<B>]
    /// The model's layer that `layers` begins with; 0 unless a pass ended or began between two layers.
    public let firstLayer: Int
    private let backend: B

    init(_ layers: [LayerState<B>], from firstLayer: Int, on backend: B) {
        self.layers = layers
        self.firstLayer = firstLayer
        self.backend = backend
    }

    /// The number of sequences remembered.
    public var sequences: Int { layers.first?.scan.rows ?? 0 }

    /// A state whose sequence i continues this state's sequence `sequences[i]`; a sequence may be continued repeatedly.
    public func forked(_ sequences: [Int]) -> ModelState {
        ModelState(layers.map { $0.picked(sequences, on: backend) }, from: firstLayer, on: backend)
    }

    /// One sequence's state.
    public subscript(sequence: Int) -> SequenceState<B> { SequenceState(self, sequence: sequence) }
}

/// One sequence's state, from which any number of sequences can go on; it keeps the packed states alive that it is in.
public struct SequenceState<B: Backend> {
    /// By ranges of layers.
    private var parts: [(state: ModelState<B>, sequence: Int)]

    init(_ state: ModelState<B>, sequence: Int) { parts = [(state, sequence)] }

    /// The state of these layers and of the others that follow them, where two passes each ran some.
    public func joined(by upper: SequenceState) -> SequenceState {
        var whole = self
        whole.parts += upper.parts
        return whole
    }

    /// Where a layer's state is.
    ///
    /// - Precondition: The state is of that layer too.
    func place(ofLayer layer: Int) -> (state: LayerState<B>, sequence: Int) {
        for part in parts {
            let index = layer - part.state.firstLayer
            if part.state.layers.indices.contains(index) { return (part.state.layers[index], part.sequence) }
        }
        preconditionFailure("a state without layer \(layer)")
    }
}

/// What one layer remembers of S sequences.
public struct LayerState<B: Backend> {
    /// The convolution's last K inputs, by channel, oldest first. [S, C·K]; C is E, in Mamba-2 E+2GN.
    public var convolution: B.Matrix
    /// The scan's h. [S, E·N], in Mamba-2 by head: [S, H·P·N], and what the backend keeps beside it.
    public var scan: B.Matrix

    /// Before the first token.
    init(_ configuration: ModelConfiguration, sequences: Int, on backend: B) {
        convolution = backend.zeros(
            rows: sequences, columns: configuration.convolvedChannels * configuration.convolutionWidth)
        scan = backend.zeros(
            rows: sequences,
            columns: configuration.architecture == .mamba1
                ? configuration.innerDimension * configuration.stateDimension
                : backend.headStateColumns(configuration.headScan))
    }

    /// Of sequences that are in several states; nil is before the first token.
    init(_ places: [(state: LayerState, sequence: Int)?], _ configuration: ModelConfiguration, on backend: B) {
        let nothing = places.contains { $0 == nil } ? LayerState(configuration, sequences: 1, on: backend) : nil
        let known = places.compactMap { $0 ?? nothing.map { ($0, 0) } }
        func stack(_ matrix: KeyPath<LayerState, B.Matrix>) -> B.Matrix {
            backend.stack(known.map { MatrixPiece($0.state[keyPath: matrix], rows: $0.sequence..<$0.sequence + 1) })
        }
        convolution = stack(\.convolution)
        scan = stack(\.scan)
    }

    private init(convolution: B.Matrix, scan: B.Matrix) {
        self.convolution = convolution
        self.scan = scan
    }

    func picked(_ sequences: [Int], on backend: B) -> LayerState {
        LayerState(
            convolution: backend.gather(sequences, from: convolution), scan: backend.gather(sequences, from: scan))
    }
}

extension ModelConfiguration {
    /// The dimensions of Mamba-2's scan.
    public var headScan: HeadScanShape {
        HeadScanShape(
            heads: headCount, headDimension: headDimension, groups: groupCount, stateDimension: stateDimension)
    }

    /// The channels that the convolution sees: x and, in Mamba-2, B and C.
    var convolvedChannels: Int {
        switch architecture {
        case .mamba1: innerDimension
        case .mamba2: innerDimension + 2 * groupCount * stateDimension
        }
    }
}
