/// Weights that are drawn where they are needed.
public struct RandomWeights: Sendable, Equatable, Decodable {
    /// The published shape that they are drawn for.
    public let shape: String
    public let seed: UInt64

    private enum CodingKeys: String, CodingKey {
        case shape = "published_shape"
        case seed = "random_seed"
    }
}

extension ManifestModel {
    /// How the model's weights are drawn; nil for those of a checkpoint.
    public var random: RandomWeights? {
        path.isEmpty ? try? StoredJSON.value(summary, as: RandomWeights.self) : nil
    }
}
