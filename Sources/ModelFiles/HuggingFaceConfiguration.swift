extension ModelConfiguration {
    /// Reads the config.json that transformers writes; keys that are absent have its defaults.
    init(huggingFace config: ConfigurationObject) throws(ModelFileError) {
        let architecture = try Self.huggingFaceArchitecture(config)
        let isMamba2 = architecture == .mamba2
        try config.require("use_bias", false, because: "a bias in in_proj and out_proj")
        try config.require("use_conv_bias", true, because: "a convolution without bias")
        try config.require("rms_norm", true, because: "LayerNorm")
        let activation = try config.string("hidden_act", default: "silu")
        guard ["silu", "swish"].contains(activation) else {
            throw config.refusal("hidden_act", "is '\(activation)'; only silu is supported")
        }
        let width = try config.dimension("hidden_size", default: isMamba2 ? 4096 : 768)
        let inner = width * (try config.dimension("expand", default: 2, limit: 64))
        let stored = try config.dimension("intermediate_size", default: inner)
        guard stored == inner else {
            throw config.refusal("intermediate_size", "is \(stored), but expand · hidden_size is \(inner)")
        }
        let layers = try config.dimension("num_hidden_layers", default: isMamba2 ? 64 : 32, limit: Self.layerLimit)
        let states = try config.dimension("state_size", default: isMamba2 ? 128 : 16, limit: Self.stateLimit)
        let kernel = try config.dimension("conv_kernel", default: 4, limit: Self.convolutionLimit)
        let rows = try config.dimension("vocab_size", default: isMamba2 ? 32768 : 50280)
        let epsilon = try config.epsilon("layer_norm_epsilon", default: 1e-5)
        guard isMamba2 else {
            self.init(
                architecture: .mamba1, layout: .huggingFace, modelDimension: width, layerCount: layers,
                innerDimension: inner, stateDimension: states, convolutionWidth: kernel,
                timeStepRank: try Self.timeStepRank(config, key: "time_step_rank", modelDimension: width),
                vocabularySize: rows, normEpsilon: epsilon)
            return
        }
        let heads = try Self.heads(
            config, inner: inner, dimensionKey: "head_dim", countKey: "num_heads", groupKey: "n_groups",
            defaultGroups: 8)
        self.init(
            architecture: .mamba2, layout: .huggingFace, modelDimension: width, layerCount: layers,
            innerDimension: inner, stateDimension: states, convolutionWidth: kernel, headDimension: heads.dimension,
            headCount: heads.count, groupCount: heads.groups, vocabularySize: rows, normEpsilon: epsilon,
            timeStepLimit: try config.limits("time_step_limit"))
    }

    private static func huggingFaceArchitecture(
        _ config: ConfigurationObject
    ) throws(ModelFileError) -> Architecture {
        var type = try config.string("model_type", default: "")
        if type.isEmpty, case .array(let names) = config.value("architectures"), case .string(let name) = names.first {
            type = ["MambaForCausalLM": "mamba", "Mamba2ForCausalLM": "mamba2"][name] ?? name
        }
        switch type {
        case "mamba": return .mamba1
        case "mamba2": return .mamba2
        case "": throw config.refusal("model_type", "is missing; supported: mamba, mamba2")
        default: throw config.refusal("model_type", "is '\(type)'; supported: mamba, mamba2")
        }
    }
}

extension ModelConfiguration {
    /// Bounds far above any published model, so that a hostile file cannot ask for much memory.
    static let layerLimit = 4096
    static let stateLimit = 1 << 16
    static let convolutionLimit = 64

    /// Mamba-1's R: a number, or "auto" for ceil(D/16).
    static func timeStepRank(
        _ config: ConfigurationObject, key: String, modelDimension: Int
    ) throws(ModelFileError) -> Int {
        if config.value(key) == .string("auto") { return (modelDimension + 15) / 16 }
        return try config.dimension(key, default: (modelDimension + 15) / 16)
    }

    /// Mamba-2's P, H and G, which must divide E and each other.
    static func heads(
        _ config: ConfigurationObject, inner: Int, dimensionKey: String, countKey: String?, groupKey: String,
        defaultGroups: Int
    ) throws(ModelFileError) -> (dimension: Int, count: Int, groups: Int) {
        let dimension = try config.dimension(dimensionKey, default: 64)
        guard inner % dimension == 0 else {
            throw config.refusal(dimensionKey, "is \(dimension), which does not divide the inner dimension \(inner)")
        }
        let count = inner / dimension
        if let countKey {
            let stored = try config.dimension(countKey, default: count)
            guard stored == count else {
                throw config.refusal(
                    countKey, "is \(stored), but the inner dimension \(inner) holds \(count) heads of \(dimension)")
            }
        }
        let groups = try config.dimension(groupKey, default: defaultGroups)
        guard count % groups == 0 else {
            throw config.refusal(groupKey, "is \(groups), which does not divide the \(count) heads")
        }
        return (dimension, count, groups)
    }
}
