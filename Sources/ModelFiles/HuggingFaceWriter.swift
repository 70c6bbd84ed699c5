extension ModelConfiguration {
    /// The config.json that transformers would write for this model.
    func huggingFaceJSON(_ elementType: ElementType) -> String {
        let isMamba2 = architecture == .mamba2
        var values: [String: String] = [
            "architectures": isMamba2 ? #"["Mamba2ForCausalLM"]"# : #"["MambaForCausalLM"]"#,
            "model_type": isMamba2 ? #""mamba2""# : #""mamba""#,
            "dtype": elementType.torchName,
            "bos_token_id": "0", "eos_token_id": "0", "pad_token_id": "0",
            "hidden_size": "\(modelDimension)", "num_hidden_layers": "\(layerCount)",
            "expand": "\(innerDimension / modelDimension)", "state_size": "\(stateDimension)",
            "conv_kernel": "\(convolutionWidth)", "vocab_size": "\(vocabularySize)",
            "layer_norm_epsilon": "\(normEpsilon)", "hidden_act": #""silu""#, "initializer_range": "0.1",
            "residual_in_fp32": "true", "tie_word_embeddings": "true", "use_bias": "false", "use_cache": "true",
            "use_conv_bias": "true", "rescale_prenorm_residual": "false",
            "time_step_min": "0.001", "time_step_max": "0.1", "time_step_floor": "0.0001",
        ]
        if isMamba2 {
            let highest = timeStepLimit.upperBound.isFinite ? "\(timeStepLimit.upperBound)" : "Infinity"
            values["head_dim"] = "\(headDimension)"
            values["num_heads"] = "\(headCount)"
            values["n_groups"] = "\(groupCount)"
            values["chunk_size"] = "256"
            values["rms_norm"] = "true"
            values["time_step_limit"] = "[\(timeStepLimit.lowerBound), \(highest)]"
            values["time_step_rank"] = "\((modelDimension + 15) / 16)"
        } else {
            values["intermediate_size"] = "\(innerDimension)"
            values["time_step_rank"] = "\(timeStepRank)"
            values["time_step_init_scheme"] = #""random""#
            values["time_step_scale"] = "1.0"
        }
        let lines = values.sorted { $0.key < $1.key }.map { "  \"\($0.key)\": \($0.value)" }
        return "{\n" + lines.joined(separator: ",\n") + "\n}\n"
    }
}

extension ElementType {
    fileprivate var torchName: String {
        switch self {
        case .float32: #""float32""#
        case .float16: #""float16""#
        case .bfloat16: #""bfloat16""#
        }
    }
}
