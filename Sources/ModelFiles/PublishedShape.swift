/// The dimensions of the published models, and of two small ones for demonstrations; the raw value is the name.
public enum PublishedShape: String, Sendable, CaseIterable, Codable {
    case mamba130m = "mamba-130m"
    case mamba370m = "mamba-370m"
    case mamba790m = "mamba-790m"
    case mamba1b4 = "mamba-1.4b"
    case mamba2b8 = "mamba-2.8b"
    case mamba2of130m = "mamba2-130m"
    case mamba2of370m = "mamba2-370m"
    case mamba2of780m = "mamba2-780m"
    case mamba2of1b3 = "mamba2-1.3b"
    case mamba2of2b7 = "mamba2-2.7b"
    /// Mamba-1: D 64, 4 layers, N 16.
    case tiny
    /// Mamba-2: D 64, 4 layers, N 16, 8 heads of 16.
    case tiny2

    /// The shape's configuration in Hugging Face's layout.
    ///
    /// - Parameter vocabulary: rows of the embedding; the published number, for the GPT-NeoX-20B tokenizer, if nil.
    public func configuration(vocabulary: Int? = nil) -> ModelConfiguration {
        let (dimension, layers) = size
        switch self {
        case .tiny, .tiny2:
            return ModelConfiguration(
                architecture: architecture, modelDimension: dimension, layerCount: layers, stateDimension: 16,
                headDimension: 16, vocabularySize: vocabulary ?? publishedVocabulary)
        default:
            return ModelConfiguration(
                architecture: architecture, modelDimension: dimension, layerCount: layers,
                vocabularySize: vocabulary ?? publishedVocabulary)
        }
    }

    /// The shape that a configuration has, whatever its layout and vocabulary.
    public init?(_ configuration: ModelConfiguration) {
        let match = Self.allCases.first { shape in
            var candidate = shape.configuration(vocabulary: configuration.vocabularySize)
            candidate.layout = configuration.layout
            candidate.gatedNormGroupSize = configuration.gatedNormGroupSize
            return candidate == configuration
        }
        guard let match else { return nil }
        self = match
    }

    private var architecture: ModelConfiguration.Architecture {
        switch self {
        case .mamba130m, .mamba370m, .mamba790m, .mamba1b4, .mamba2b8, .tiny: .mamba1
        case .mamba2of130m, .mamba2of370m, .mamba2of780m, .mamba2of1b3, .mamba2of2b7, .tiny2: .mamba2
        }
    }

    private var publishedVocabulary: Int { architecture == .mamba1 ? 50280 : 50288 }

    /// D and the number of layers.
    private var size: (dimension: Int, layers: Int) {
        switch self {
        case .mamba130m, .mamba2of130m: (768, 24)
        case .mamba370m, .mamba2of370m: (1024, 48)
        case .mamba790m, .mamba2of780m: (1536, 48)
        case .mamba1b4, .mamba2of1b3: (2048, 48)
        case .mamba2b8, .mamba2of2b7: (2560, 64)
        case .tiny, .tiny2: (64, 4)
        }
    }
}
