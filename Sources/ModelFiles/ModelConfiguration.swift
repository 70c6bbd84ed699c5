/// The dimensions and conventions of a Mamba model, whichever family its files come from.
public struct ModelConfiguration: Sendable, Equatable {
    /// Which mixer the layers have.
    public enum Architecture: String, Sendable, Codable, CaseIterable { case mamba1, mamba2 }

    /// Which family's names and conventions the files follow.
    public enum Layout: String, Sendable, Codable, CaseIterable { case stateSpaces, huggingFace }

    /// Which mixer the layers have.
    public var architecture: Architecture
    /// Which family's conventions hold.
    public var layout: Layout
    /// D, the width of the residual stream.
    public var modelDimension: Int
    /// The number of layers.
    public var layerCount: Int
    /// E, the width inside a mixer.
    public var innerDimension: Int
    /// N, the states of a channel.
    public var stateDimension: Int
    /// K, the inputs that a convolution sees.
    public var convolutionWidth: Int
    /// R, the rank of Δ's projection; Mamba-1 only, else 0.
    public var timeStepRank: Int
    /// P, the channels of a head, E = H·P; Mamba-2 only, else 0.
    public var headDimension: Int
    /// H, the heads; Mamba-2 only, else 0.
    public var headCount: Int
    /// G, the groups of B and C; Mamba-2 only, else 0.
    public var groupCount: Int
    /// Rows of the embedding as stored, padding rows included.
    public var vocabularySize: Int
    /// ε of every RMSNorm.
    public var normEpsilon: Float
    /// Bounds of Δ after the softplus; Mamba-2 only.
    public var timeStepLimit: ClosedRange<Float>
    /// Channels that share one mean square in the gated norm: E in Hugging Face's layout, E/G in state-spaces'.
    public var gatedNormGroupSize: Int

    /// Dimensions left out are those of the published models; those of the other architecture are 0.
    public init(
        architecture: Architecture, layout: Layout = .huggingFace, modelDimension: Int, layerCount: Int,
        innerDimension: Int? = nil, stateDimension: Int? = nil, convolutionWidth: Int = 4, timeStepRank: Int? = nil,
        headDimension: Int = 64, headCount: Int? = nil, groupCount: Int = 1, vocabularySize: Int,
        normEpsilon: Float = 1e-5, timeStepLimit: ClosedRange<Float> = 0...Float.infinity,
        gatedNormGroupSize: Int? = nil
    ) {
        let inner = innerDimension ?? 2 * modelDimension
        let isMamba2 = architecture == .mamba2
        self.architecture = architecture
        self.layout = layout
        self.modelDimension = modelDimension
        self.layerCount = layerCount
        self.innerDimension = inner
        self.stateDimension = stateDimension ?? (isMamba2 ? 128 : 16)
        self.convolutionWidth = convolutionWidth
        self.timeStepRank = isMamba2 ? 0 : timeStepRank ?? (modelDimension + 15) / 16
        self.headDimension = isMamba2 ? headDimension : 0
        self.headCount = isMamba2 ? headCount ?? inner / headDimension : 0
        self.groupCount = isMamba2 ? groupCount : 0
        self.vocabularySize = vocabularySize
        self.normEpsilon = normEpsilon
        self.timeStepLimit = timeStepLimit
        self.gatedNormGroupSize = gatedNormGroupSize ?? (layout == .stateSpaces ? inner / groupCount : inner)
    }
}
