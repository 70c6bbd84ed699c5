import Foundation

/// A model's configuration and weights, by canonical tensor names, memory-mapped from a folder or held in memory.
///
/// Both families name tensors as state-spaces does: `backbone.embedding.weight`, `backbone.layers.I.norm.weight`,
/// `backbone.layers.I.mixer.in_proj.weight`, …, `backbone.norm_f.weight`. `lm_head.weight` is there only when it is
/// stored apart from the embedding; otherwise the embedding is the head.
public struct Checkpoint: Sendable {
    /// The dimensions and conventions that config.json states.
    public let configuration: ModelConfiguration
    /// The weight files, sorted by name; empty for a model in memory.
    public let files: [URL]
    /// Tensors of the files that the model has no place for and that were left alone, sorted.
    public let ignoredTensors: [String]
    /// The bytes of config.json; nil for a model in memory.
    let configurationBytes: [UInt8]?
    /// What the weights are drawn by when they are read; nil for weights that are there.
    public let randomSeed: UInt64?
    private let directory: String
    private let tensors: [String: Tensor]

    /// A model in memory, for tests and synthetic weights; presence and shapes are checked when a tensor is used.
    public init(configuration: ModelConfiguration, tensors: [Tensor]) {
        self.init(configuration: configuration, tensors: tensors, randomSeed: nil)
    }

    /// - Parameter randomSeed: what `tensors` are drawn by.
    init(configuration: ModelConfiguration, tensors: [Tensor], randomSeed: UInt64?) {
        self.configuration = configuration
        self.randomSeed = randomSeed
        self.tensors = Dictionary(tensors.map { ($0.name, $0) }) { _, last in last }
        files = []
        ignoredTensors = []
        configurationBytes = nil
        directory = "model in memory"
    }

    /// Opens a folder of either family and checks that every tensor is there with the shape that config.json implies.
    public static func open(_ directory: URL) throws(ModelFileError) -> Checkpoint {
        let weights = try WeightFiles(in: directory)
        let file = try ModelConfiguration.read(directory.appendingPathComponent("config.json"))
        return try Checkpoint(directory: directory.path, configuration: file, weights: weights)
    }

    private init(
        directory: String, configuration file: ModelConfiguration.File, weights: WeightFiles
    ) throws(ModelFileError) {
        let selection = try TensorSelection(file, weights)
        randomSeed = nil
        self.directory = directory
        configuration = file.configuration
        configurationBytes = file.bytes
        files = weights.urls
        tensors = selection.tensors
        ignoredTensors = selection.ignored
    }

    /// The tensor of a canonical name.
    public func tensor(_ name: String) throws(ModelFileError) -> Tensor {
        guard let tensor = tensors[name] else {
            throw ModelFileError(file: directory, tensor: name, reason: "is not in the checkpoint")
        }
        return tensor
    }

    /// Canonical names of all tensors, sorted.
    public var tensorNames: [String] { tensors.keys.sorted() }
}
