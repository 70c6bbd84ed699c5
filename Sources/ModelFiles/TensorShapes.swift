extension ModelConfiguration {
    /// A tensor that a checkpoint of some configuration must hold.
    public struct TensorShape: Sendable, Equatable {
        /// Canonical name.
        public let name: String
        /// Extents, outermost first.
        public let shape: [Int]
    }

    /// Every tensor that the model needs, in the order of its computation; the head is the embedding.
    public var tensorShapes: [TensorShape] {
        var shapes = [TensorShape(name: TensorName.embedding, shape: [vocabularySize, modelDimension])]
        for layer in 0..<layerCount {
            shapes.append(TensorShape(name: "backbone.layers.\(layer).norm.weight", shape: [modelDimension]))
            for (name, shape) in mixerShapes {
                shapes.append(TensorShape(name: "backbone.layers.\(layer).mixer.\(name)", shape: shape))
            }
        }
        shapes.append(TensorShape(name: "backbone.norm_f.weight", shape: [modelDimension]))
        return shapes
    }

    /// The number of values in `tensorShapes`.
    public var parameterCount: Int {
        let layer = modelDimension + mixerShapes.reduce(0) { $0 + $1.1.reduce(1, *) }
        return vocabularySize * modelDimension + layerCount * layer + modelDimension
    }

    private var mixerShapes: [(String, [Int])] {
        let (d, e, n, k) = (modelDimension, innerDimension, stateDimension, convolutionWidth)
        switch architecture {
        case .mamba1:
            return [
                ("in_proj.weight", [2 * e, d]), ("conv1d.weight", [e, 1, k]), ("conv1d.bias", [e]),
                ("x_proj.weight", [timeStepRank + 2 * n, e]), ("dt_proj.weight", [e, timeStepRank]),
                ("dt_proj.bias", [e]), ("A_log", [e, n]), ("D", [e]), ("out_proj.weight", [d, e]),
            ]
        case .mamba2:
            let h = headCount
            let channels = e + 2 * groupCount * n
            return [
                ("in_proj.weight", [e + channels + h, d]), ("conv1d.weight", [channels, 1, k]),
                ("conv1d.bias", [channels]), ("dt_bias", [h]), ("A_log", [h]), ("D", [h]), ("norm.weight", [e]),
                ("out_proj.weight", [d, e]),
            ]
        }
    }
}

/// Canonical names of the tensors that are treated apart.
enum TensorName {
    static let embedding = "backbone.embedding.weight"
    static let head = "lm_head.weight"
    /// What Hugging Face calls the embedding.
    static let huggingFaceEmbedding = "backbone.embeddings.weight"

    /// The name by which Molt knows the tensor that a file calls `name`.
    static func canonical(_ name: String) -> String { name == huggingFaceEmbedding ? embedding : name }

    /// What files of a layout call the tensor that Molt knows as `name`.
    static func stored(_ name: String, in layout: ModelConfiguration.Layout) -> String {
        name == embedding && layout == .huggingFace ? huggingFaceEmbedding : name
    }
}
