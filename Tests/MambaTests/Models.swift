import Hashing
import Mamba
import ModelFiles
import Operations

extension LanguageModel {
    /// One sequence from the start.
    func read(_ tokens: [Int32], reduction: Reduction = .none) throws -> Hidden<B> {
        var state = initialState(sequences: 1)
        return try forward(tokens, segments: Segments(lengths: [tokens.count]), state: &state, reduction: reduction)
    }

    /// Logits of all rows that are left. → [rows, V]
    func allLogits(_ hidden: Hidden<B>) throws -> [Float] {
        try logits(hidden, rows: Array(0..<hidden.segments.rowCount))
    }
}

/// Small models with weights of a fixed seed, for properties that hold of any weights.
enum Synthetic {
    static let vocabularySize = 67

    /// Mamba-1 with five layers, or Mamba-2 with two groups, normalised group by group.
    ///
    /// - Parameter silent: a layer whose output is zero, all else being the same.
    static func checkpoint(_ architecture: ModelConfiguration.Architecture, silent: Int? = nil) -> Checkpoint {
        let shape = ModelConfiguration(
            architecture: architecture, layout: .stateSpaces, modelDimension: 24, layerCount: 5, stateDimension: 16,
            headDimension: 8, groupCount: 2, vocabularySize: vocabularySize)
        var weights = Weights(seed: architecture == .mamba1 ? 1 : 2)
        let (D, E, N, K) = (shape.modelDimension, shape.innerDimension, shape.stateDimension, shape.convolutionWidth)
        weights.add("backbone.embedding.weight", [vocabularySize, D], scale: 1)
        weights.add("backbone.norm_f.weight", [D], around: 1)
        for layer in 0..<shape.layerCount {
            weights.prefix = "backbone.layers.\(layer)."
            weights.add("norm.weight", [D], around: 1)
            weights.prefix += "mixer."
            weights.add("out_proj.weight", [D, E], scale: layer == silent ? 0 : 0.4)
            switch architecture {
            case .mamba1:
                let rank = shape.timeStepRank
                weights.add("in_proj.weight", [2 * E, D])
                weights.add("conv1d.weight", [E, 1, K])
                weights.add("conv1d.bias", [E])
                weights.add("x_proj.weight", [rank + 2 * N, E])
                weights.add("dt_proj.weight", [E, rank])
                weights.add("dt_proj.bias", [E], around: -2)
                weights.add("A_log", [E, N], around: 1)
                weights.add("D", [E], around: 1)
            case .mamba2:
                let (H, BC) = (shape.headCount, 2 * shape.groupCount * N)
                weights.add("in_proj.weight", [2 * E + BC + H, D])
                weights.add("conv1d.weight", [E + BC, 1, K])
                weights.add("conv1d.bias", [E + BC])
                weights.add("dt_bias", [H], around: -2)
                weights.add("A_log", [H], around: 1)
                weights.add("D", [H], around: 1)
                weights.add("norm.weight", [E], around: 1)
            }
            weights.prefix = ""
        }
        return Checkpoint(configuration: shape, tensors: weights.tensors)
    }

    static func tokens(_ count: Int, seed: UInt64) -> [Int32] {
        var random = SplitMix64(state: seed)
        return (0..<count).map { _ in Int32.random(in: 0..<Int32(vocabularySize), using: &random) }
    }

    private struct Weights {
        var tensors: [Tensor] = []
        var prefix = ""
        private var random: SplitMix64

        init(seed: UInt64) { random = SplitMix64(state: seed) }

        mutating func add(_ name: String, _ shape: [Int], around centre: Float = 0, scale: Float = 0.4) {
            let values = (0..<shape.reduce(1, *)).map { _ in
                centre + Float.random(in: -scale...scale, using: &random)
            }
            tensors.append(Tensor(name: prefix + name, shape: shape, floats: values))
        }
    }
}
