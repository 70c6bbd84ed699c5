import Foundation
import ModelFiles
import TestSupport
import Testing

@Suite("Defaults of config.json")
struct ConfigurationDefaultTests {
    private let scratch: TemporaryFolder

    init() throws { scratch = try TemporaryFolder() }

    @Test(
        "Mamba-1 needs no key whose default holds",
        arguments: [ModelConfiguration.Layout.huggingFace, .stateSpaces])
    func mamba1(layout: ModelConfiguration.Layout) throws {
        var model = SmallModel(.mamba1, layout)
        model.config["conv_kernel"] = nil
        try model.write(to: scratch)
        let configuration = try Checkpoint.open(scratch.url).configuration
        #expect(configuration == model.configuration)
        #expect(configuration.timeStepRank == 1)
        #expect(configuration.convolutionWidth == 4)
        #expect(configuration.normEpsilon == 1e-5)
    }

    @Test("a rank of Δ may be written, or left to ceil(D/16)", arguments: [("\"auto\"", 1), ("1", 1), ("null", 1)])
    func rank(value: String, expected: Int) throws {
        var model = SmallModel(.mamba1, .huggingFace)
        model.config["time_step_rank"] = value
        try model.write(to: scratch)
        #expect(try Checkpoint.open(scratch.url).configuration.timeStepRank == expected)
    }

    @Test("a wrong rank is found by the shapes")
    func wrongRank() throws {
        var model = SmallModel(.mamba1, .huggingFace)
        model.config["time_step_rank"] = "2"
        try model.write(to: scratch)
        expectRefusal(
            scratch, file: "/model.safetensors", tensor: "backbone.layers.0.mixer.x_proj.weight",
            reason: "has shape [5, 8], config.json implies [6, 8]")
    }

    @Test(
        "the vocabulary of state-spaces is padded to the rows of the embedding",
        arguments: [("7", "8"), ("8", "8"), ("5", "4"), ("8", "1"), ("1", "8"), ("7", nil)])
    func padding(size: String, multiple: String?) throws {
        var model = SmallModel(.mamba1, .stateSpaces)
        model.config["vocab_size"] = size
        model.config["pad_vocab_size_multiple"] = multiple
        try model.write(to: scratch)
        #expect(try Checkpoint.open(scratch.url).configuration.vocabularySize == 8)
    }

    @Test("a vocabulary that the embedding does not have is refused")
    func wrongVocabulary() throws {
        var model = SmallModel(.mamba1, .stateSpaces)
        model.config["vocab_size"] = "9"
        try model.write(to: scratch)
        expectRefusal(
            scratch, file: "/pytorch_model.bin", tensor: "backbone.embedding.weight",
            reason: "has shape [8, 4], config.json implies [16, 4]")
    }

    @Test("the gated norm spans E in Hugging Face's layout, a group in that of state-spaces")
    func gatedNorm() throws {
        let shape = ModelConfiguration(
            architecture: .mamba2, layout: .huggingFace, modelDimension: 8, layerCount: 1, stateDimension: 2,
            headDimension: 4, groupCount: 2, vocabularySize: 8)
        #expect(shape.gatedNormGroupSize == 16)
        let other = ModelConfiguration(
            architecture: .mamba2, layout: .stateSpaces, modelDimension: 8, layerCount: 1, stateDimension: 2,
            headDimension: 4, groupCount: 2, vocabularySize: 8)
        #expect(other.gatedNormGroupSize == 8)
    }

    @Test(
        "a model that says its head is not tied must store it",
        arguments: [
            (ModelConfiguration.Layout.huggingFace, "tie_word_embeddings", "/model.safetensors"),
            (.stateSpaces, "tie_embeddings", "/pytorch_model.bin"),
        ])
    func untied(layout: ModelConfiguration.Layout, key: String, file: String) throws {
        var model = SmallModel(.mamba2, layout)
        model.config[key] = "false"
        try model.write(to: scratch)
        expectRefusal(scratch, file: file, tensor: "lm_head.weight", reason: "is missing")
        model.tensors.append(
            Stored(name: "lm_head.weight", type: "BF16", shape: [8, 4], bytes: Array(repeating: 0, count: 64)))
        guard layout == .huggingFace else { return }
        try model.write(to: scratch)
        #expect(try Checkpoint.open(scratch.url).tensor("lm_head.weight").elementType == .bfloat16)
    }

    @Test("keys of state-spaces beside Hugging Face's do not decide")
    func bothFamilies() throws {
        var model = SmallModel(.mamba1, .huggingFace)
        model.config.merge(["d_model": "99", "n_layer": "9", "ssm_cfg": "{}", "rms_norm": "true"]) { $1 }
        try model.write(to: scratch)
        #expect(try Checkpoint.open(scratch.url).configuration == model.configuration)
    }

    @Test("the class tells the architecture where model_type does not")
    func architectures() throws {
        var model = SmallModel(.mamba2, .huggingFace)
        model.config["model_type"] = nil
        model.config["architectures"] = #"["Mamba2ForCausalLM"]"#
        try model.write(to: scratch)
        #expect(try Checkpoint.open(scratch.url).configuration.architecture == .mamba2)
    }

    @Test("a folder that is not a model is refused")
    func folders() throws {
        expectRefusal(scratch, file: "", reason: "holds none of model.safetensors")
        try scratch.write(SmallModel(.mamba1, .huggingFace).safetensors, to: "model.safetensors")
        expectRefusal(scratch, file: "/config.json", reason: "cannot be opened: No such file or directory")
        let file = scratch.url.appendingPathComponent("model.safetensors")
        #expect(
            throws: ModelFileError(
                file: file.path, reason: "is not a folder; a model is the folder that holds its config.json")
        ) {
            try Checkpoint.open(file)
        }
        let nowhere = scratch.url.appendingPathComponent("nowhere")
        #expect(throws: ModelFileError(file: nowhere.path, reason: "does not exist")) { try Checkpoint.open(nowhere) }
    }
}
