/// The tensors that a model needs, picked from what its files hold, each checked against the configuration.
struct TensorSelection {
    private(set) var tensors: [String: Tensor] = [:]
    private(set) var ignored: [String] = []
    private let weights: String
    private let layout: ModelConfiguration.Layout

    init(_ file: ModelConfiguration.File, _ weights: WeightFiles) throws(ModelFileError) {
        layout = file.configuration.layout
        self.weights = weights.urls.map(\.path).joined(separator: ", ")
        var stored: [String: StoredTensor] = [:]
        for tensor in weights.tensors {
            let name = TensorName.canonical(tensor.name)
            guard stored.updateValue(tensor, forKey: name) == nil else {
                throw ModelFileError(file: tensor.file.path, tensor: tensor.name, reason: "is stored twice")
            }
        }
        for expected in file.configuration.tensorShapes {
            try take(expected, from: &stored)
        }
        try takeHead(file, from: &stored)
        for name in stored.keys.sorted() {
            guard !name.hasPrefix("backbone."), let tensor = stored[name] else {
                throw ModelFileError(
                    file: stored[name]?.file.path ?? self.weights, tensor: name,
                    reason: "config.json has no place for it; is the config of another model?")
            }
            ignored.append(tensor.name)
        }
    }

    private mutating func take(
        _ expected: ModelConfiguration.TensorShape, from stored: inout [String: StoredTensor]
    ) throws(ModelFileError) {
        guard let tensor = stored.removeValue(forKey: expected.name) else {
            throw ModelFileError(
                file: weights, tensor: TensorName.stored(expected.name, in: layout),
                reason: "is missing; config.json implies shape \(expected.shape)")
        }
        guard tensor.shape == expected.shape else {
            throw ModelFileError(
                file: tensor.file.path, tensor: tensor.name,
                reason: "has shape \(tensor.shape), config.json implies \(expected.shape)")
        }
        guard let type = tensor.elementType else {
            throw ModelFileError(
                file: tensor.file.path, tensor: tensor.name,
                reason: "has type \(tensor.typeName); supported: F32, F16, BF16")
        }
        tensors[expected.name] = Tensor(
            name: expected.name, shape: tensor.shape, elementType: type, file: tensor.file, range: tensor.range)
    }

    /// A stored head wins over tying; one that is the embedding's own bytes is the embedding.
    private mutating func takeHead(
        _ file: ModelConfiguration.File, from stored: inout [String: StoredTensor]
    ) throws(ModelFileError) {
        let shape = [file.configuration.vocabularySize, file.configuration.modelDimension]
        guard file.isUntied || stored[TensorName.head] != nil else { return }
        try take(ModelConfiguration.TensorShape(name: TensorName.head, shape: shape), from: &stored)
        if let head = tensors[TensorName.head], tensors[TensorName.embedding]?.sharesStorage(with: head) == true {
            tensors[TensorName.head] = nil
        }
    }
}
