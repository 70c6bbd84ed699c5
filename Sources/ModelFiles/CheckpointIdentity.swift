import Crypto
import Foundation
import Hashing

extension Checkpoint {
    /// SHA-256, in lowercase hexadecimal, of the model's files; it does not depend on the folder's name or place.
    ///
    /// What is hashed: the ASCII text `molt checkpoint 1` and a newline; then for config.json and after it for each
    /// weight file in the order of `files`: the length of its name in bytes, the name (UTF-8, last path component),
    /// the length of its content in bytes, the content. Lengths are 64-bit little-endian. An index of shards adds
    /// nothing, for each tensor is in exactly one shard, and is left out.
    ///
    /// A model in memory hashes, after the text `molt model 1` and a newline, its configuration and, sorted by name,
    /// each tensor's name, shape, element type and bytes.
    public func sha256() throws(ModelFileError) -> String {
        var hash = SHA256()
        if let configurationBytes {
            hash.update(text: "molt checkpoint 1\n")
            hash.update(name: "config.json", content: configurationBytes.withUnsafeBytes { Data($0) })
            for url in files {
                let file = try MappedFile(url)
                hash.update(name: url.lastPathComponent, content: file)
            }
        } else {
            hash.update(text: "molt model 1\n")
            hash.update(name: "configuration", content: Data("\(configuration)".utf8))
            for name in tensorNames {
                let tensor = try tensor(name)
                hash.update(name: "\(name) \(tensor.shape) \(tensor.elementType.rawValue)", content: Data())
                tensor.withUnsafeBytes { hash.update(bufferPointer: $0) }
            }
        }
        return hexadecimal(hash.finalize())
    }
}

extension SHA256 {
    fileprivate mutating func update(text: String) {
        update(data: Array(text.utf8))
    }

    fileprivate mutating func update(length: Int) {
        withUnsafeBytes(of: UInt64(length).littleEndian) { update(bufferPointer: $0) }
    }

    fileprivate mutating func update(name: String, content: UnsafeRawBufferPointer) {
        update(length: name.utf8.count)
        update(text: name)
        update(length: content.count)
        update(bufferPointer: content)
    }

    /// A file part by part, so that a model larger than memory is no burden.
    fileprivate mutating func update(name: String, content file: MappedFile) {
        update(length: name.utf8.count)
        update(text: name)
        update(length: file.bytes.count)
        for first in stride(from: 0, to: file.bytes.count, by: Self.part) {
            let part = first..<min(file.bytes.count, first + Self.part)
            update(bufferPointer: UnsafeRawBufferPointer(rebasing: file.bytes[part]))
            file.release(part)
        }
    }

    private static var part: Int { 16 << 20 }

    fileprivate mutating func update(name: String, content: Data) {
        content.withUnsafeBytes { update(name: name, content: $0) }
    }
}
