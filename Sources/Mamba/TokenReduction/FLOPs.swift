import ModelFiles

/// What a model costs, in floating-point operations: a multiplication and an addition count one each, an exponential
/// one; norms and activations are left out.
public struct FLOPs: Sendable, Equatable {
    /// One layer's cost for one token, by part.
    public struct Layer: Sendable, Equatable, Codable {
        public let inProjection: Int
        public let convolution: Int
        /// Mamba-1 only.
        public let xProjection: Int
        /// Mamba-1 only.
        public let timeStepProjection: Int
        public let scan: Int
        public let outProjection: Int

        /// All parts together.
        public var total: Int {
            inProjection + convolution + xProjection + timeStepProjection + scan + outProjection
        }
    }

    /// One layer's cost for one token.
    public let layer: Layer
    /// The head's cost for one row, the embedding's padding rows included.
    public let head: Int
    /// The number of layers.
    public let layerCount: Int

    /// The costs of a model of the given shape: D model, E inner and N state dimension, R rank of Δ, H heads, G groups,
    /// K convolution width.
    public init(_ configuration: ModelConfiguration) {
        let (D, E, N) = (configuration.modelDimension, configuration.innerDimension, configuration.stateDimension)
        let (R, H, G) = (configuration.timeStepRank, configuration.headCount, configuration.groupCount)
        let convolution = 2 * configuration.convolutionWidth * configuration.convolvedChannels
        switch configuration.architecture {
        case .mamba1:
            // A state element: Δ·A, exp, its product with h, Δ·B, its product with x, their sum, C·h, its sum. A
            // channel: the skip and the gate.
            layer = Layer(
                inProjection: 2 * D * 2 * E, convolution: convolution, xProjection: 2 * E * (R + 2 * N),
                timeStepProjection: 2 * R * E, scan: E * (8 * N + 4), outProjection: 2 * E * D)
        case .mamba2:
            // The same, but Δ·A and its exp are a head's.
            layer = Layer(
                inProjection: 2 * D * (2 * E + 2 * G * N + H), convolution: convolution, xProjection: 0,
                timeStepProjection: 0, scan: E * (6 * N + 4) + 2 * H, outProjection: 2 * E * D)
        }
        head = 2 * D * configuration.vocabularySize
        layerCount = configuration.layerCount
    }

    /// The head's cost for a row, in layers.
    public var headShare: Double { Double(head) / Double(layer.total) }

    /// What the layers cost for the rows that enter them; with the head, for all rows that are left, that too.
    public func total(_ tokens: TokenCounts, includingHead: Bool) -> Int {
        tokens.perLayer.reduce(0, +) * layer.total + (includingHead ? tokens.remaining * head : 0)
    }

    /// The share that is saved against running every row through every layer, and, with the head, through that.
    public func saving(_ tokens: TokenCounts, includingHead: Bool) -> Double {
        tokens.saving(headShare: includingHead ? headShare : 0)
    }
}
