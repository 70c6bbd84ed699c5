import Foundation
import ModelFiles
import TestSupport
import Testing

@Suite("config.json")
struct ConfigurationTests {
    private let scratch: TemporaryFolder

    init() throws { scratch = try TemporaryFolder() }

    /// Writes a small model whose config.json has `value` under `key`, or lacks the key.
    private func write(
        _ architecture: ModelConfiguration.Architecture, _ layout: ModelConfiguration.Layout, _ key: String,
        _ value: String?
    ) throws {
        var model = SmallModel(architecture, layout)
        model.config[key] = value
        try model.write(to: scratch)
    }

    @Test(
        "what would compute something else is refused by name (Hugging Face)",
        arguments: [
            ("hidden_act", #""gelu""#, "hidden_act is 'gelu'; only silu is supported"),
            ("use_bias", "true", "use_bias is true: a bias in in_proj and out_proj is not supported"),
            ("use_conv_bias", "false", "use_conv_bias is false: a convolution without bias"),
            ("rms_norm", "false", "rms_norm is false: LayerNorm is not supported"),
            ("model_type", #""falcon_mamba""#, "model_type is 'falcon_mamba'; supported: mamba, mamba2"),
            ("intermediate_size", "12", "intermediate_size is 12, but expand · hidden_size is 8"),
            ("num_heads", "3", "num_heads is 3, but the inner dimension 8 holds 2 heads of 4"),
            ("head_dim", "3", "head_dim is 3, which does not divide the inner dimension 8"),
            ("n_groups", "3", "n_groups is 3, which does not divide the 2 heads"),
            ("time_step_limit", "[1]", "time_step_limit is not a pair of numbers"),
            ("time_step_limit", "[2, 1]", "time_step_limit is not a pair of numbers"),
            ("time_step_limit", "[NaN, 1]", "time_step_limit is not a pair of numbers"),
            ("time_step_limit", "[-Infinity, 1]", "time_step_limit is not a pair of numbers"),
            ("hidden_size", "0", "hidden_size is 0, not a whole number from 1"),
            ("hidden_size", "-4", "hidden_size is -4, not a whole number"),
            ("hidden_size", "4.5", "hidden_size is 4.5, not a whole number"),
            ("hidden_size", #""4""#, #"hidden_size is "4", not a whole number"#),
            ("hidden_size", "Infinity", #"hidden_size is "Infinity", not a whole number"#),
            ("hidden_size", "999999999999999999999999", "hidden_size is 1e+24, not a whole number"),
            ("hidden_size", "[4]", "hidden_size is an array of 1, not a whole number"),
            ("num_hidden_layers", "1000000000", "num_hidden_layers is 1000000000, not a whole number from 1 to 4096"),
            ("use_bias", "0", "use_bias is 0, not true or false"),
            ("layer_norm_epsilon", "NaN", "layer_norm_epsilon is"),
            ("layer_norm_epsilon", "-1e-5", "layer_norm_epsilon is"),
            ("hidden_act", "null, \"hidden_act\": null", "the key \"hidden_act\" is written twice"),
        ])
    func huggingFace(key: String, value: String, reason: String) throws {
        try write(.mamba2, .huggingFace, key, value)
        expectRefusal(scratch, file: "/config.json", reason: reason)
    }

    @Test(
        "what would compute something else is refused by name (state-spaces)",
        arguments: [
            ("attn_layer_idx", "[1, 3]", "attn_layer_idx names 2 attention layers"),
            ("d_intermediate", "16", "d_intermediate is 16: MLP layers are not supported"),
            ("rms_norm", "false", "rms_norm is false: LayerNorm is not supported"),
            ("ssm_cfg", #"{"layer": "Mamba3"}"#, "ssm_cfg.layer is 'Mamba3'; supported: Mamba1, Mamba2"),
            ("ssm_cfg", #"{"layer": "Mamba2", "headdim": 5}"#, "ssm_cfg.headdim is 5, which does not divide"),
            ("ssm_cfg", #"{"layer": "Mamba2", "norm_before_gate": true}"#, "ssm_cfg.norm_before_gate is true"),
            ("ssm_cfg", #"{"layer": "Mamba2", "rmsnorm": false}"#, "ssm_cfg.rmsnorm is false"),
            ("ssm_cfg", #"{"layer": "Mamba2", "D_has_hdim": true}"#, "ssm_cfg.D_has_hdim is true"),
            ("ssm_cfg", #"{"layer": "Mamba2", "headdim": 4, "d_ssm": 4}"#, "ssm_cfg.d_ssm is 4: an MLP"),
            ("ssm_cfg", #"{"layer": "Mamba2", "dt_rank": 4}"#, "ssm_cfg.dt_rank is not a parameter of Mamba2"),
            ("ssm_cfg", #"{"headdim": 4}"#, "ssm_cfg.headdim is not a parameter of Mamba1"),
            ("ssm_cfg", #"{"bias": true}"#, "ssm_cfg.bias is true"),
            ("ssm_cfg", #"{"conv_bias": false}"#, "ssm_cfg.conv_bias is false"),
            ("ssm_cfg", "[]", "ssm_cfg is an array of 0, not an object"),
        ])
    func stateSpaces(key: String, value: String, reason: String) throws {
        try write(.mamba2, .stateSpaces, key, value)
        expectRefusal(scratch, file: "/config.json", reason: reason)
    }

    @Test(
        "a file that is not a configuration is refused",
        arguments: [
            ("", "is empty"), ("{}", "is of no known family"), (#"{"vocab_size": 8}"#, "is of no known family"),
            ("[]", "is not an object"), ("garbage", "is not valid JSON"), ("{", "is not valid JSON"),
            (#"{"model_type": "mamba""#, "is not valid JSON"), (#"{"model_type": "#, "is not valid JSON"),
            (#"{"a": Infinity"#, "is not valid JSON"), (#"{Infinity: 1}"#, "'Infinity' is no key of JSON"),
            (#"{"hidden_size": 4}"#, "model_type is missing; supported: mamba, mamba2"),
            (#"{"a": \#(String(repeating: "[", count: 100_000))"#, "is nested deeper"),
            ("{\"a\": \"\u{0}\"}", "is not valid JSON"),
        ])
    func malformed(text: String, reason: String) throws {
        try SmallModel(.mamba1, .huggingFace).write(to: scratch)
        try scratch.write(text, to: "config.json")
        expectRefusal(scratch, file: "/config.json", reason: reason)
    }

    @Test("a config.json of megabytes is refused")
    func huge() throws {
        try SmallModel(.mamba1, .huggingFace).write(to: scratch)
        try scratch.write(String(repeating: " ", count: 2 << 20), to: "config.json")
        expectRefusal(scratch, file: "/config.json", reason: "has 2097152 bytes; a config.json has at most 1048576")
    }

    @Test(
        "limits of Δ may be infinite, in any of Python's spellings",
        arguments: [
            ("[0.0, Infinity]", 0...Float.infinity), ("[0.001,Infinity]", 0.001...Float.infinity),
            (#"[0.0, {"__float__": "Infinity"}]"#, 0...Float.infinity), ("[0.25, 0.5]", 0.25...0.5),
            ("null", 0...Float.infinity),
        ])
    func limits(value: String, expected: ClosedRange<Float>) throws {
        try write(.mamba2, .huggingFace, "time_step_limit", value)
        #expect(try Checkpoint.open(scratch.url).configuration.timeStepLimit == expected)
    }

    @Test("Infinity within a string is text")
    func infinityInText() throws {
        try write(.mamba2, .huggingFace, "_name_or_path", #""to Infinity, \"-Infinity\" and NaN""#)
        _ = try Checkpoint.open(scratch.url)
    }
}
