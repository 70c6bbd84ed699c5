extension ModelConfiguration {
    /// Reads the config.json of state-spaces/mamba; keys that are absent have the defaults of its `MambaConfig`.
    init(stateSpaces config: ConfigurationObject) throws(ModelFileError) {
        try Self.refuseOtherLayers(config)
        let ssm = try config.object("ssm_cfg")
        let layer = try ssm.string("layer", default: "Mamba1")
        guard let architecture = ["Mamba1": Architecture.mamba1, "Mamba2": .mamba2][layer] else {
            throw ssm.refusal("layer", "is '\(layer)'; supported: Mamba1, Mamba2")
        }
        try Self.checkMixer(ssm, architecture)
        let width = try config.dimension("d_model", default: 2560)
        let inner = width * (try ssm.dimension("expand", default: 2, limit: 64))
        let layers = try config.dimension("n_layer", default: 64, limit: Self.layerLimit)
        let kernel = try ssm.dimension("d_conv", default: 4, limit: Self.convolutionLimit)
        let states = try ssm.dimension("d_state", default: architecture == .mamba2 ? 128 : 16, limit: Self.stateLimit)
        let rows = try Self.paddedVocabulary(config)
        switch architecture {
        case .mamba1:
            self.init(
                architecture: .mamba1, layout: .stateSpaces, modelDimension: width, layerCount: layers,
                innerDimension: inner, stateDimension: states, convolutionWidth: kernel,
                timeStepRank: try Self.timeStepRank(ssm, key: "dt_rank", modelDimension: width), vocabularySize: rows)
        case .mamba2:
            let heads = try Self.heads(
                ssm, inner: inner, dimensionKey: "headdim", countKey: nil, groupKey: "ngroups", defaultGroups: 1)
            let own = try ssm.dimension("d_ssm", default: inner)
            guard own == inner else {
                throw ssm.refusal("d_ssm", "is \(own): an MLP beside the scan (d_ssm below \(inner)) is not supported")
            }
            self.init(
                architecture: .mamba2, layout: .stateSpaces, modelDimension: width, layerCount: layers,
                innerDimension: inner, stateDimension: states, convolutionWidth: kernel,
                headDimension: heads.dimension, headCount: heads.count, groupCount: heads.groups,
                vocabularySize: rows, timeStepLimit: try ssm.limits("dt_limit"))
        }
    }

    /// Attention and MLP layers would need other tensors and another forward pass.
    private static func refuseOtherLayers(_ config: ConfigurationObject) throws(ModelFileError) {
        switch config.value("attn_layer_idx") {
        case nil, .array([]): break
        case .array(let layers):
            throw config.refusal("attn_layer_idx", "names \(layers.count) attention layers, which are not supported")
        case let other?:
            throw config.refusal("attn_layer_idx", "is \(other.spelling), not an array")
        }
        switch config.value("d_intermediate") {
        case nil, .integer(0): break
        case let other?:
            throw config.refusal("d_intermediate", "is \(other.spelling): MLP layers are not supported, only 0 is")
        }
        try config.require("rms_norm", true, because: "LayerNorm")
    }

    /// Keys of ssm_cfg that say how weights were initialised or which kernel ran; they do not change the result.
    private static let immaterial: Set<String> = [
        "layer", "dt_min", "dt_max", "dt_init", "dt_scale", "dt_init_floor", "use_fast_path", "use_mem_eff_path",
        "A_init_range", "chunk_size", "conv_init",
    ]

    private static func checkMixer(_ ssm: ConfigurationObject, _ architecture: Architecture) throws(ModelFileError) {
        var known = immaterial.union(["d_state", "d_conv", "expand", "bias", "conv_bias"])
        try ssm.require("bias", false, because: "a bias in in_proj and out_proj")
        try ssm.require("conv_bias", true, because: "a convolution without bias")
        switch architecture {
        case .mamba1:
            known.insert("dt_rank")
        case .mamba2:
            known.formUnion(["headdim", "ngroups", "d_ssm", "dt_limit", "D_has_hdim", "rmsnorm", "norm_before_gate"])
            try ssm.require("D_has_hdim", false, because: "a D for each channel")
            try ssm.require("rmsnorm", true, because: "a mixer without gated norm")
            try ssm.require("norm_before_gate", false, because: "the norm before the gate")
        }
        for key in ssm.values.keys.sorted() where !known.contains(key) {
            throw ssm.refusal(key, "is not a parameter of \(architecture == .mamba1 ? "Mamba1" : "Mamba2")")
        }
    }

    /// `vocab_size` is unpadded; the embedding has rows up to the next multiple.
    private static func paddedVocabulary(_ config: ConfigurationObject) throws(ModelFileError) -> Int {
        let size = try config.dimension("vocab_size", default: 50277)
        let multiple = try config.dimension("pad_vocab_size_multiple", default: 8, limit: 1 << 16)
        return (size + multiple - 1) / multiple * multiple
    }
}
