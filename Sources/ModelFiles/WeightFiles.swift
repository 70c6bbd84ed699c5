import Foundation

/// The weight files of a folder and the tensors that they declare.
///
/// The first that is there is read: `model.safetensors`, `model.safetensors.index.json` with its shards,
/// `pytorch_model.bin`.
struct WeightFiles {
    /// The names of files that hold all weights.
    static let whole = ["model.safetensors", "pytorch_model.bin"]

    /// Sorted by name.
    let urls: [URL]
    let tensors: [StoredTensor]

    init(in directory: URL) throws(ModelFileError) {
        func path(_ name: String) -> URL { directory.appendingPathComponent(name) }
        func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name).path) }
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory.path, isDirectory: &isDirectory) else {
            throw ModelFileError(file: directory.path, reason: "does not exist")
        }
        guard isDirectory.boolValue else {
            throw ModelFileError(
                file: directory.path, reason: "is not a folder; a model is the folder that holds its config.json")
        }
        if exists("model.safetensors") {
            urls = [path("model.safetensors")]
            tensors = try Safetensors.read(urls[0])
        } else if exists(ShardIndex.name) {
            let index = try ShardIndex(directory: directory)
            urls = index.shards
            tensors = try index.tensors()
        } else if exists("pytorch_model.bin") {
            urls = [path("pytorch_model.bin")]
            tensors = try TorchArchive.read(urls[0])
        } else {
            throw ModelFileError(
                file: directory.path,
                reason: "holds none of model.safetensors, \(ShardIndex.name), pytorch_model.bin")
        }
    }
}
