import Foundation

/// Which files of a repository make a checkpoint that `Checkpoint.open` reads.
enum CheckpointFiles {
    static let configuration = "config.json"
    static let index = "model.safetensors.index.json"

    /// The weight files that need no index: safetensors before PyTorch's format; nil where an index names them.
    static func weights(_ listing: Listing) throws(HubError) -> [RemoteFile]? {
        if let file = listing["model.safetensors"] { return [file] }
        if listing[index] != nil { return nil }
        if let file = listing["pytorch_model.bin"] { return [file] }
        throw HubError(
            .notFound,
            "\(listing.repository) holds none of model.safetensors, \(index), pytorch_model.bin at "
                + "\(listing.commit.prefix(12)); it is no checkpoint that Molt reads")
    }

    /// The shards that an index names, sorted.
    static func shards(_ json: Data, _ listing: Listing) throws(HubError) -> [RemoteFile] {
        struct Index: Decodable {
            var weightMap: [String: String]
            enum CodingKeys: String, CodingKey { case weightMap = "weight_map" }
        }
        guard let map = try? JSONDecoder().decode(Index.self, from: json).weightMap, !map.isEmpty else {
            throw HubError(.answer, "\(index) of \(listing.repository) has no weight_map")
        }
        var files: [RemoteFile] = []
        for name in Set(map.values).sorted() {
            guard isFileName(name), name.hasSuffix(".safetensors") else {
                throw HubError(.answer, "\(index) of \(listing.repository) names '\(name)', which is no shard")
            }
            files.append(try listing.file(name))
        }
        return files
    }

    /// Refuses another family before its gigabytes are fetched.
    static func checkFamily(_ json: Data, _ repository: Repository) throws(HubError) {
        struct Configuration: Decodable {
            var modelType: String?
            enum CodingKeys: String, CodingKey { case modelType = "model_type" }
        }
        guard let type = (try? JSONDecoder().decode(Configuration.self, from: json))?.modelType else { return }
        guard type == "mamba" || type == "mamba2" else {
            throw HubError(
                .answer, "\(repository) is a model of type '\(type.prefix(40))'; Molt runs mamba and mamba2 only")
        }
    }
}
