import Foundation

extension ModelConfiguration {
    /// A config.json as read: what it says, and its bytes for the checkpoint's identity.
    struct File {
        let configuration: ModelConfiguration
        /// Whether the file says that the head is not the embedding.
        let isUntied: Bool
        let bytes: [UInt8]
    }

    /// Above any config.json.
    private static let fileLimit = 1 << 20

    /// Reads a config.json of either family.
    static func read(_ url: URL) throws(ModelFileError) -> File {
        let mapped = try MappedFile(url)
        guard mapped.bytes.count <= fileLimit else {
            throw ModelFileError(
                file: mapped.path, reason: "has \(mapped.bytes.count) bytes; a config.json has at most \(fileLimit)")
        }
        let config = ConfigurationObject(
            file: mapped.path, values: try JSONValue.object(mapped.bytes, file: mapped.path))
        let huggingFaceTies = try config.flag("tie_word_embeddings", default: true)
        let stateSpacesTies = try config.flag("tie_embeddings", default: true)
        return File(
            configuration: try configuration(config), isUntied: !huggingFaceTies || !stateSpacesTies,
            bytes: Array(mapped.bytes))
    }

    /// Hugging Face's conversions keep the keys of state-spaces beside their own, so theirs decide.
    private static func configuration(_ config: ConfigurationObject) throws(ModelFileError) -> ModelConfiguration {
        if ["model_type", "architectures", "hidden_size"].contains(where: config.has) {
            return try ModelConfiguration(huggingFace: config)
        }
        if ["d_model", "n_layer", "ssm_cfg"].contains(where: config.has) {
            return try ModelConfiguration(stateSpaces: config)
        }
        throw ModelFileError(
            file: config.file,
            reason: "is of no known family: neither model_type (Hugging Face) nor d_model (state-spaces) is there")
    }
}
