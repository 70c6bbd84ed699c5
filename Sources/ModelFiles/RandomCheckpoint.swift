import Foundation

/// Models with random weights, drawn as the Mamba papers draw them before training.
///
/// A tensor's values depend on the seed and the tensor's name and shape alone.
public enum RandomCheckpoint {
    /// Values drawn and written at a time, so that the largest model needs a few MB of memory.
    private static let chunk = 1 << 18

    /// Writes a checkpoint of a published shape in Hugging Face's layout.
    ///
    /// - Parameters:
    ///   - vocabulary: rows of the embedding; the shape's own number if nil.
    ///   - directory: appears complete or not at all; it must not exist, or be empty, unless `replacing`, which
    ///     replaces config.json and model.safetensors and leaves other files alone.
    public static func write(
        _ shape: PublishedShape, seed: UInt64, vocabulary: Int? = nil, elementType: ElementType = .float32,
        to directory: URL, replacing: Bool = false
    ) throws(ModelFileError) {
        try write(
            shape.configuration(vocabulary: vocabulary), seed: seed, elementType: elementType, to: directory,
            replacing: replacing)
    }

    /// Writes a checkpoint of any configuration in Hugging Face's layout.
    public static func write(
        _ configuration: ModelConfiguration, seed: UInt64, elementType: ElementType = .float32, to directory: URL,
        replacing: Bool = false
    ) throws(ModelFileError) {
        precondition(configuration.layout == .huggingFace, "only Hugging Face's layout is written")
        let output = try OutputDirectory(directory, replacing: replacing)
        try output.finish { folder throws(ModelFileError) in
            let shapes = configuration.tensorShapes
            let weights = try SafetensorsWriter(
                folder.appendingPathComponent("model.safetensors"), tensors: shapes, elementType: elementType)
            for shape in weights.order {
                try draw(shape, configuration, seed: seed) { values throws(ModelFileError) in
                    try weights.append(elementType.narrow(values))
                }
            }
            try weights.close()
            let config = try OutputFile(folder.appendingPathComponent("config.json"))
            try config.write(Array(configuration.huggingFaceJSON(elementType).utf8))
            try config.close()
        }
    }

    /// A float32 model in memory, of the same values as `write` gives.
    public static func model(_ configuration: ModelConfiguration, seed: UInt64) -> Checkpoint {
        let tensors = configuration.tensorShapes.map { shape in
            Tensor(name: shape.name, shape: shape.shape, floats: values(shape, configuration, seed: seed))
        }
        return Checkpoint(configuration: configuration, tensors: tensors)
    }

    /// The same model, but every tensor is drawn when it is read and kept by nobody: a model takes no memory but what its
    /// reader makes of it, and no disk.
    public static func drawn(_ configuration: ModelConfiguration, seed: UInt64) -> Checkpoint {
        let tensors = configuration.tensorShapes.map { shape in
            Tensor(name: shape.name, shape: shape.shape) { values(shape, configuration, seed: seed) }
        }
        return Checkpoint(configuration: configuration, tensors: tensors, randomSeed: seed)
    }

    private static func values(
        _ tensor: ModelConfiguration.TensorShape, _ configuration: ModelConfiguration, seed: UInt64
    ) -> [Float] {
        var floats: [Float] = []
        floats.reserveCapacity(tensor.shape.reduce(1, *))
        draw(tensor, configuration, seed: seed) { floats += $0 }
        return floats
    }

    private static func draw<Failure: Error>(
        _ tensor: ModelConfiguration.TensorShape, _ configuration: ModelConfiguration, seed: UInt64,
        _ consume: (UnsafeBufferPointer<Float>) throws(Failure) -> Void
    ) throws(Failure) {
        let count = tensor.shape.reduce(1, *)
        let initialization = Initialization(of: tensor, in: configuration)
        var source = RandomSource(seed: seed, name: tensor.name)
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: min(chunk, count))
        defer { buffer.deallocate() }
        for start in stride(from: 0, to: count, by: chunk) {
            let part = UnsafeMutableBufferPointer(rebasing: buffer[..<min(chunk, count - start)])
            part.initialize(repeating: 0)
            initialization.fill(part, from: start, with: &source)
            try consume(UnsafeBufferPointer(part))
        }
    }
}
