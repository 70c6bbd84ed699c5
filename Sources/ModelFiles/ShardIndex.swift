import Foundation

/// `model.safetensors.index.json`: which shard holds which tensor.
struct ShardIndex {
    static let name = "model.safetensors.index.json"
    private static let sizeLimit = 16 << 20

    /// Sorted by name.
    let shards: [URL]
    private let file: String
    /// Shard's file name by tensor.
    private let map: [String: String]

    init(directory: URL) throws(ModelFileError) {
        let mapped = try MappedFile(directory.appendingPathComponent(Self.name))
        file = mapped.path
        guard mapped.bytes.count <= Self.sizeLimit else {
            throw ModelFileError(
                file: file, reason: "has \(mapped.bytes.count) bytes, above the limit of \(Self.sizeLimit)")
        }
        guard case .object(let entries) = try JSONValue.object(mapped.bytes, file: file)["weight_map"],
            !entries.isEmpty
        else { throw ModelFileError(file: file, reason: "has no weight_map") }
        var map: [String: String] = [:]
        for (tensor, entry) in entries.sorted(by: { $0.key < $1.key }) {
            guard case .string(let shard) = entry else {
                throw ModelFileError(file: file, tensor: tensor, reason: "its shard is \(entry.spelling), not a name")
            }
            guard Self.isFileName(shard) else {
                throw ModelFileError(
                    file: file, tensor: tensor,
                    reason: "its shard \(entry.spelling) is not the name of a .safetensors file in the same folder")
            }
            map[tensor] = shard
        }
        self.map = map
        shards = Set(map.values).sorted().map { directory.appendingPathComponent($0) }
    }

    /// A plain name: an index must not lead outside its folder.
    private static func isFileName(_ name: String) -> Bool {
        name.hasSuffix(".safetensors") && !name.hasPrefix(".")
            && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") || $0 < 0x20 }
    }

    /// The tensors of all shards; each lies where the index says, and nowhere else.
    func tensors() throws(ModelFileError) -> [StoredTensor] {
        var tensors: [StoredTensor] = []
        var missing = map
        for url in shards {
            for tensor in try Safetensors.read(url) {
                guard map[tensor.name] == url.lastPathComponent else {
                    let place = map[tensor.name].map { "in \($0)" } ?? "nowhere"
                    throw ModelFileError(
                        file: url.path, tensor: tensor.name, reason: "\(Self.name) has it \(place), not in this shard")
                }
                missing[tensor.name] = nil
                tensors.append(tensor)
            }
        }
        if let (tensor, shard) = missing.min(by: { $0.key < $1.key }) {
            throw ModelFileError(file: file, tensor: tensor, reason: "is not in \(shard), where the index has it")
        }
        return tensors
    }
}
