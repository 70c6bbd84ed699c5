import Foundation
import ModelFiles
import TestSupport

/// Models of a few hundred values in every layout, to be broken one thing at a time.
struct SmallModel {
    var configuration: ModelConfiguration
    /// Keys of config.json and their values as JSON.
    var config: [String: String]
    var tensors: [Stored]

    init(_ architecture: ModelConfiguration.Architecture, _ layout: ModelConfiguration.Layout) {
        configuration = ModelConfiguration(
            architecture: architecture, layout: layout, modelDimension: 4, layerCount: 2, stateDimension: 2,
            headDimension: 4, vocabularySize: 8)
        let isMamba2 = architecture == .mamba2
        switch layout {
        case .huggingFace:
            config = [
                "model_type": isMamba2 ? #""mamba2""# : #""mamba""#, "hidden_size": "4", "num_hidden_layers": "2",
                "state_size": "2", "vocab_size": "8",
            ]
            if isMamba2 { config.merge(["head_dim": "4", "n_groups": "1"]) { _, new in new } }
        case .stateSpaces:
            config = ["d_model": "4", "n_layer": "2", "vocab_size": "7", "pad_vocab_size_multiple": "8"]
            config["ssm_cfg"] =
                isMamba2 ? #"{"layer": "Mamba2", "headdim": 4, "d_state": 2}"# : #"{"d_state": 2}"#
        }
        let model = RandomCheckpoint.model(configuration, seed: 7)
        tensors = model.tensorNames.compactMap { name in
            guard let tensor = try? model.tensor(name) else { return nil }
            let isEmbedding = name == "backbone.embedding.weight" && layout == .huggingFace
            return Stored(
                name: isEmbedding ? "backbone.embeddings.weight" : name, type: "F32", shape: tensor.shape,
                bytes: tensor.withUnsafeBytes { Array($0) })
        }
    }

    /// Changes the tensor of that name in place.
    mutating func change(_ name: String, _ change: (inout Stored) -> Void) {
        guard let index = tensors.firstIndex(where: { $0.name == name }) else { return }
        change(&tensors[index])
    }

    mutating func remove(_ name: String) { tensors.removeAll { $0.name == name } }

    var configText: String {
        "{\n" + config.sorted { $0.key < $1.key }.map { "  \"\($0.key)\": \($0.value)" }.joined(separator: ",\n")
            + "\n}\n"
    }

    var safetensors: [UInt8] { SafetensorsBuilder.file(tensors) }

    /// The tensors' views, each of a storage of its own.
    var views: [PickleBuilder.View] {
        tensors.enumerated().map { PickleBuilder.View(name: $1.name, key: "\($0)", shape: $1.shape) }
    }

    /// A torch.save zip of `pickle` and the tensors' values.
    func archive(pickle: [UInt8], prefix: String = "archive") -> ZipBuilder {
        var entries = [
            ZipBuilder.Entry(name: "\(prefix)/data.pkl", bytes: pickle),
            ZipBuilder.Entry(name: "\(prefix)/byteorder", bytes: Array("little".utf8)),
        ]
        for (index, tensor) in tensors.enumerated() {
            entries.append(ZipBuilder.Entry(name: "\(prefix)/data/\(index)", bytes: tensor.bytes))
        }
        entries.append(ZipBuilder.Entry(name: "\(prefix)/version", bytes: Array("3\n".utf8)))
        entries.append(ZipBuilder.Entry(name: "\(prefix)/.data/serialization_id", bytes: [0x31, 0x32]))
        return ZipBuilder(entries: entries)
    }

    var archive: ZipBuilder { archive(pickle: PickleBuilder.stateDictionary(views)) }

    /// Writes config.json and the weights in the layout's own kind of file.
    func write(to scratch: TemporaryFolder) throws {
        try scratch.write(configText, to: "config.json")
        switch configuration.layout {
        case .huggingFace: try scratch.write(safetensors, to: "model.safetensors")
        case .stateSpaces: try scratch.write(archive.file(), to: "pytorch_model.bin")
        }
    }
}
